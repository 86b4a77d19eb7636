import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { isGenerationName } from '../../../src/lib/svidfiles/generation.ts';
import { IdentityFolder } from '../../../src/lib/svidfiles/identity-folder.ts';
import type { LayoutName } from '../../../src/lib/svidfiles/layouts/layouts.ts';
import type { X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { PushingWorkloadApi } from '../../../test/unit/workloadapi/pushing-workload-api.ts';
import { ReaderProcess } from './reader-process.ts';
import type { Sighting } from './sighting.ts';
import { type ExpectedFiles, expectedFiles, PASSWORD, versionKey } from './versions.ts';
import { WriterProcess } from './writer-process.ts';

/** How many rotations, and how the writer fares meanwhile. */
export interface RotationRun {
  readonly layout: LayoutName;
  readonly rotations: number;
  /** The writer is killed at a random moment of each so many-th rotation; undefined for never. */
  readonly killEvery: number | undefined;
}

/** What came of it. */
export interface RotationResult extends Sighting {
  readonly kills: number;
  /** What lies in the folder in the end and has nothing to do there. */
  readonly litter: readonly string[];
  readonly seconds: number;
}

/** Within so long a writer puts a version in place or has failed; some milliseconds are usual. */
const PATIENCE_MS = 60_000;

/** Longer than a rotation takes, so that kills fall on any part of it, and on none. */
const LONGEST_KILL_DELAY_MS = 12;

/** Pushes one version after the other as soon as the one before is in place, while a reader looks. */
export async function rotate(
  { layout, rotations, killEvery }: RotationRun,
  responses: readonly X509SVIDResponse[],
): Promise<RotationResult> {
  const expected = await expectedFiles(layout, responses);
  const place = mkdtempSync(join(fastFolder(), 'spirekit-rotations-'));
  const folder = join(place, 'identity');
  const passwordFile = join(place, 'password');
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  try {
    const [first] = responses;
    if (first === undefined) throw new Error('no version was issued');
    await using api = await PushingWorkloadApi.open(first);
    await using writer = new WriterProcess({ folder, layout, socketPath: api.path, passwordFile });
    await using state = new FolderState(folder, expected, writer);
    await state.reaches(0);
    using reader = await ReaderProcess.start(folder, expected);
    const startMs = performance.now();
    let kills = 0;
    for (let rotation = 1; rotation <= rotations; rotation += 1) {
      const version = rotation % responses.length;
      api.push(responses[version] ?? first);
      if (killEvery !== undefined && rotation % killEvery === 0) {
        await wait(Math.random() * LONGEST_KILL_DELAY_MS);
        await writer.killAndRestart();
        kills += 1;
      }
      await state.reaches(version);
      await reader.hasLooked(rotation);
    }
    const sighting = await reader.end();
    const seconds = (performance.now() - startMs) / 1000;
    await writer[Symbol.asyncDispose]();
    return { ...sighting, kills, seconds, litter: await findLitter(folder, expected) };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Where identities usually lie: in memory. */
function fastFolder(): string {
  const TMPFS_MAGIC = 0x0102_1994;
  try {
    return statfsSync('/dev/shm').type === TMPFS_MAGIC ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Which version is in place, looked at when something in the folder changes. */
class FolderState implements AsyncDisposable {
  readonly #folder: string;
  readonly #expected: ExpectedFiles;
  readonly #writer: WriterProcess;
  #watcher: ReturnType<typeof watch> | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(folder: string, expected: ExpectedFiles, writer: WriterProcess) {
    this.#folder = folder;
    this.#expected = expected;
    this.#writer = writer;
  }

  async reaches(version: number): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#version() !== version) {
      const { failure } = this.#writer;
      if (failure !== undefined) throw new Error(`the writer ended: ${failure}`);
      if (performance.now() > deadline) throw new Error(`version ${version} was not in place after a minute`);
      this.#watch();
      const { promise } = this.#wake;
      // The folder may not be there yet, and events may come before the change is visible.
      if (this.#version() !== version) await Promise.race([promise, wait(20)]);
    }
  }

  #watch(): void {
    try {
      this.#watcher ??= watch(this.#folder, () => {
        this.#wake.resolve();
        this.#wake = Promise.withResolvers();
      });
    } catch {
      this.#watcher = undefined;
    }
  }

  #version(): number | undefined {
    const [file] = this.#expected.files;
    try {
      const data = readFileSync(join(this.#folder, '..data', file?.name ?? ''));
      return this.#expected.versions[versionKey(file?.name ?? '', data)];
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.close();
  }
}

/** What is left when the next writer has opened the folder, beside the files, the link and two generations. */
async function findLitter(folder: string, { files }: ExpectedFiles): Promise<string[]> {
  {
    await using _next = await IdentityFolder.open(folder, { clock: systemClock });
  }
  const names = readdirSync(folder);
  const links = new Set(['..data', ...files.map(({ name }) => name)]);
  const generations = names.filter(isGenerationName);
  const litter = names.filter((name) => !links.has(name) && !isGenerationName(name));
  const unfinished = generations.filter((name) => (lstatSync(join(folder, name)).mode & 0o777) !== 0o755);
  const missing = [...links].filter((name) => !names.includes(name) || readlinkSync(join(folder, name)) === '');
  return [
    ...litter,
    ...unfinished.map((name) => `${name}, which is not whole`),
    ...missing.map((name) => `no ${name}`),
    ...(generations.length > 2 ? [`${generations.length} generations`] : []),
  ];
}
