import { mkdir, readdir, rm } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { writeFileAtomic } from './atomic-file.ts';
import { type Clock, sleep } from './clock.ts';
import type { Logger } from './logger.ts';

/** The `profiling_*` settings of a daemon. */
export interface ProfilingSettings {
  readonly isEnabled: boolean;
  /** SPIRE's profiles are served there; nothing listens here. */
  readonly port: number;
  /** Seconds from one round of profiles to the next; 0 makes none. */
  readonly frequencySeconds: number;
  /** `cpu` and `heap`; SPIRE's other names are of things that only Go's runtime has. */
  readonly names: readonly string[];
}

/** What the profiles are taken with and where they go. */
export interface ProfilesDeps {
  readonly settings: ProfilingSettings;
  /** Gets a folder `profiles` with mode 0700. */
  readonly dataDir: string;
  /** First part of file names: `server` or `agent`. */
  readonly tag: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a CPU profile watches at most: a longer one tells no more and fills the disk. */
const LONGEST_CPU_MS = 30_000;
/** Microseconds from one look at the stack to the next; Node's own 1 ms costs a busy process several per cent. */
const CPU_INTERVAL_US = 10_000;
/** Files of one kind that are kept. */
const KEPT_FILES = 20;

const ENDINGS = { cpu: 'cpuprofile', heap: 'heapprofile' } as const;
type ProfileName = keyof typeof ENDINGS;

/**
 * Writes profiles of this process into files that browsers' developer tools open, every so often (`profiling_enabled`). No
 * port is opened: they are taken from within. They hold names of functions and sizes, nothing that is in memory.
 */
export class Profiles implements AsyncDisposable {
  readonly #deps: ProfilesDeps;
  readonly #folder: string;
  readonly #session = new Session();
  readonly #stopping = new AbortController();
  #work: Promise<void> = Promise.resolve();

  private constructor(deps: ProfilesDeps) {
    this.#deps = deps;
    this.#folder = join(deps.dataDir, 'profiles');
  }

  /** Undefined where profiling is off, or has nothing to do. Error: that of the file system, for the folder. */
  static async open(deps: ProfilesDeps): Promise<Profiles | undefined> {
    const { settings, log } = deps;
    if (!settings.isEnabled) return undefined;
    if (settings.port > 0) log.warn('Profiles are written to files alone: nothing listens on profiling_port');
    const names = settings.names.filter(isProfileName);
    for (const name of settings.names) {
      if (!isProfileName(name)) log.warn('There is no such profile here, only cpu and heap', { name });
    }
    if (settings.frequencySeconds <= 0 || names.length === 0) {
      log.warn('No profiles are written: that takes profiling_freq and profiling_names');
      return undefined;
    }
    const profiles = new Profiles(deps);
    await mkdir(profiles.#folder, { recursive: true, mode: 0o700 });
    profiles.#session.connect();
    log.info('Writing profiles', { folder: profiles.#folder, names: names.join(',') });
    profiles.#work = profiles.#run(names).catch((error: unknown) => {
      if (!profiles.#stopping.signal.aborted) log.warn('Failed to run profiling', { error });
    });
    return profiles;
  }

  /** Ends at once; a profile under way is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#work;
    this.#session.disconnect();
  }

  async #run(names: readonly ProfileName[]): Promise<void> {
    const { clock, settings } = this.#deps;
    const { signal } = this.#stopping;
    const roundMs = settings.frequencySeconds * 1000;
    const cpuMs = names.includes('cpu') ? Math.min(roundMs, LONGEST_CPU_MS) : 0;
    if (names.includes('heap')) await this.#session.post('HeapProfiler.startSampling');
    for (;;) {
      await sleep(clock, roundMs - cpuMs, { signal });
      if (names.includes('cpu')) await this.#write('cpu', await this.#takeCpu(cpuMs, signal));
      if (names.includes('heap')) {
        await this.#write('heap', (await this.#session.post('HeapProfiler.getSamplingProfile')).profile);
      }
    }
  }

  async #takeCpu(durationMs: number, signal: AbortSignal): Promise<object> {
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US });
    await this.#session.post('Profiler.start');
    await sleep(this.#deps.clock, durationMs, { signal });
    return (await this.#session.post('Profiler.stop')).profile;
  }

  /** A full disk is no reason to stop. */
  async #write(name: ProfileName, profile: object): Promise<void> {
    const { tag, clock, log } = this.#deps;
    const moment = new Date(clock.nowMs())
      .toISOString()
      .replace('T', '_')
      .replace(/[:]|\..*/g, '');
    const file = `${tag}_${moment}_${name}.${ENDINGS[name]}`;
    try {
      await writeFileAtomic(join(this.#folder, file), JSON.stringify(profile), { mode: 0o600 });
      const all = (await readdir(this.#folder)).filter((other) => other.endsWith(`_${name}.${ENDINGS[name]}`)).sort();
      for (const old of all.slice(0, -KEPT_FILES)) await rm(join(this.#folder, old), { force: true });
    } catch (error) {
      log.warn('Unable to write a profile', { file, error });
    }
  }
}

function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(ENDINGS, name);
}
