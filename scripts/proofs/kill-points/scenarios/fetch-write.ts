import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ours } from '../../../../test/support/programs.ts';
import { issueWrittenIdentity, WRITTEN_FILES, type WrittenFile, type WrittenIdentity } from '../../written-identity.ts';
import { GatedWorkloadApi } from '../gated-workload-api.ts';
import type { HeldProgram, KillScenario } from '../kill-scenario.ts';
import { RunningProgram } from '../running-program.ts';
import { checkModes } from '../state-files.ts';
import { ONE_POOL_THREAD } from '../tracer.ts';

const FILES = Object.keys(WRITTEN_FILES) as WrittenFile[];

/** `api fetch x509 -write` over the files of an earlier call, or into an empty folder. */
export class FetchWriteScenario implements KillScenario {
  readonly name: string;
  readonly folder: string;
  readonly threads = ['pool'] as const;
  readonly #api: GatedWorkloadApi;
  readonly #new: WrittenIdentity;
  /** Undefined where nothing was written before. */
  readonly #old: WrittenIdentity | undefined;

  private constructor(api: GatedWorkloadApi, identities: { new: WrittenIdentity; old: WrittenIdentity | undefined }) {
    this.name = `api fetch x509 -write, ${identities.old === undefined ? 'the first' : 'a later'} time`;
    this.folder = mkdtempSync(join(tmpdir(), 'spirekit-fetch-'));
    this.#api = api;
    this.#new = identities.new;
    this.#old = identities.old;
  }

  static async open({ isFirst }: { isFirst: boolean }): Promise<FetchWriteScenario> {
    const [next, old] = [await issueWrittenIdentity(0), await issueWrittenIdentity(2)];
    return new FetchWriteScenario(await GatedWorkloadApi.open(next.response), {
      new: next,
      old: isFirst ? undefined : old,
    });
  }

  async hold(): Promise<HeldProgram> {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder);
    if (this.#old !== undefined) this.#write(this.#old);
    const { program, answer } = await this.#call();
    return {
      pid: program.pid,
      work: async () => {
        answer();
        await program.ended;
      },
      end: () => program.kill(),
      check: async () => {
        const outcome = this.#outcome();
        if ((await program.ended) === 0 && outcome !== 'new')
          throw new Error(`exit code 0, and the files are ${outcome}`);
        const again = await this.#call();
        again.answer();
        if ((await again.program.ended) !== 0 || this.#outcome() !== 'new') throw new Error('the next call fails');
        return outcome;
      },
      [Symbol.asyncDispose]: () => program.kill(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #write({ files }: WrittenIdentity): void {
    for (const name of FILES) {
      writeFileSync(join(this.folder, name), files[name]);
      chmodSync(join(this.folder, name), WRITTEN_FILES[name]);
    }
  }

  /** Starts the client; it waits for its answer when this resolves. */
  async #call(): Promise<{ program: RunningProgram; answer: () => void }> {
    const waiting = this.#api.nextCaller();
    const args = ['api', 'fetch', 'x509', '-socketPath', this.#api.path, '-write', this.folder];
    const env = { ...process.env, ...ONE_POOL_THREAD };
    const program = new RunningProgram(spawn(ours.agent, args, { env, stdio: ['ignore', 'pipe', 'inherit'] }));
    return { program, answer: await waiting };
  }

  /** Each file is one or the other as a whole; since they have names of their own, they may differ in that. */
  #outcome(): string {
    checkModes(this.folder, WRITTEN_FILES);
    const versions = new Set(FILES.map((name) => this.#versionOf(name)));
    return versions.size === 1 ? ([...versions][0] ?? '') : 'some old, some new';
  }

  #versionOf(name: WrittenFile): 'old' | 'new' {
    const path = join(this.folder, name);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    if (text === this.#new.files[name]) return 'new';
    if (text === this.#old?.files[name]) return 'old';
    throw new Error(`${name} is neither old nor new; the folder holds ${readdirSync(this.folder).join(', ')}`);
  }
}
