import { spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../src/lib/runtime/clock.ts';
import { isGenerationName } from '../../../../src/lib/svidfiles/generation.ts';
import type { IdentityFile } from '../../../../src/lib/svidfiles/identity-file.ts';
import { type FilePlan, identityFiles } from '../../../../src/lib/svidfiles/identity-files.ts';
import { IdentityFolder } from '../../../../src/lib/svidfiles/identity-folder.ts';
import { parseX509Context } from '../../../../src/lib/workloadapi/x509-context.ts';
import { ours } from '../../../../test/support/programs.ts';
import { issueWrittenIdentity } from '../../written-identity.ts';
import { GatedWorkloadApi } from '../gated-workload-api.ts';
import type { HeldProgram, KillScenario } from '../kill-scenario.ts';
import { RunningProgram } from '../running-program.ts';
import { ONE_POOL_THREAD } from '../tracer.ts';

/** What the folder holds before: nothing, files of an earlier call, or plain files of another program. */
export type FilesBefore = 'none' | 'ours' | 'plain';

const PLAN: FilePlan = {
  layout: 'helper',
  choice: {},
  names: {},
  mode: 0o644,
  keyMode: 0o600,
  addsIntermediatesToBundle: false,
  omitsExpired: false,
};

/** `api fetch x509 -write -layout`: whenever it is killed, all files are old or all are new. */
export class LayoutWriteScenario implements KillScenario {
  readonly name: string;
  readonly folder: string;
  readonly threads = ['pool'] as const;
  readonly #before: FilesBefore;
  readonly #api: GatedWorkloadApi;
  readonly #new: readonly IdentityFile[];
  readonly #old: readonly IdentityFile[];

  private constructor(
    before: FilesBefore,
    api: GatedWorkloadApi,
    files: { readonly new: readonly IdentityFile[]; readonly old: readonly IdentityFile[] },
  ) {
    this.name = `api fetch x509 -layout, before it ${before === 'none' ? 'nothing' : `files that are ${before}`}`;
    this.folder = mkdtempSync(join(tmpdir(), 'spirekit-layout-'));
    this.#before = before;
    this.#api = api;
    this.#new = files.new;
    this.#old = files.old;
  }

  static async open(before: FilesBefore): Promise<LayoutWriteScenario> {
    const [next, old] = [await issueWrittenIdentity(0), await issueWrittenIdentity(2)];
    const filesOf = ({ response }: typeof next): Promise<IdentityFile[]> =>
      identityFiles({ x509: parseX509Context(response) }, PLAN, { nowMs: Date.now() });
    const api = await GatedWorkloadApi.open(next.response);
    return new LayoutWriteScenario(before, api, { new: await filesOf(next), old: await filesOf(old) });
  }

  async hold(): Promise<HeldProgram> {
    rmSync(this.folder, { recursive: true, force: true });
    await this.#prepare();
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
        this.#refuseLitter();
        return outcome;
      },
      [Symbol.asyncDispose]: () => program.kill(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    mkdirSync(this.folder);
    if (this.#before === 'ours') {
      await using folder = await IdentityFolder.open(this.folder, { clock: systemClock });
      await folder.write(this.#old);
    }
    if (this.#before !== 'plain') return;
    for (const { name, data, mode } of this.#old) {
      writeFileSync(join(this.folder, name), data);
      chmodSync(join(this.folder, name), mode);
    }
  }

  /** Starts the client; it waits for its answer when this resolves. */
  async #call(): Promise<{ program: RunningProgram; answer: () => void }> {
    const waiting = this.#api.nextCaller();
    const args = ['-socketPath', this.#api.path, '-write', this.folder, '-layout', PLAN.layout];
    const env = { ...process.env, ...ONE_POOL_THREAD };
    const command = ['api', 'fetch', 'x509', ...args];
    const program = new RunningProgram(spawn(ours.agent, command, { env, stdio: ['ignore', 'pipe', 'inherit'] }));
    return { program, answer: await waiting };
  }

  #outcome(): string {
    this.#checkModes();
    const versions = new Set(this.#new.map(({ name }) => this.#versionOf(name)));
    if (versions.size !== 1) throw new Error(`the files are ${[...versions].join(' and ')}`);
    return [...versions][0] ?? '';
  }

  /** By its name, as everybody finds it; a link that leads nowhere yet is no file. */
  #versionOf(name: string): 'old' | 'new' | 'none' {
    let text: string;
    try {
      text = readFileSync(join(this.folder, name), 'utf8');
    } catch {
      if (this.#before === 'none') return 'none';
      throw new Error(`${name} is missing; the folder holds ${readdirSync(this.folder).join(', ')}`);
    }
    const isOf = (files: readonly IdentityFile[]): boolean =>
      files.some((file) => file.name === name && file.data === text);
    if (isOf(this.#new)) return 'new';
    if (isOf(this.#old)) return 'old';
    throw new Error(`${name} is neither old nor new`);
  }

  #checkModes(): void {
    for (const generation of this.#generations()) {
      const path = join(this.folder, generation);
      for (const name of readdirSync(path)) {
        const { mode = 0 } = this.#new.find((file) => file.name === name) ?? {};
        const found = lstatSync(join(path, name)).mode & 0o7777;
        if ((found & ~mode) !== 0) throw new Error(`${generation}/${name} has mode ${found.toString(8)}`);
      }
    }
  }

  #generations(): string[] {
    return readdirSync(this.folder).filter(isGenerationName);
  }

  #refuseLitter(): void {
    const wanted = new Set(['..data', ...this.#new.map(({ name }) => name)]);
    const litter = readdirSync(this.folder).filter((name) => !wanted.has(name) && !isGenerationName(name));
    if (litter.length > 0) throw new Error(`the next call leaves ${litter.join(', ')}`);
    if (this.#generations().length > 2) throw new Error(`there are ${this.#generations().length} generations`);
  }
}
