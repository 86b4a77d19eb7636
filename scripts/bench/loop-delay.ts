import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_VARIABLES } from '../../src/lib/cli/outer-environment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { percentile } from './statistics.ts';

/** The length of a window. */
export const WINDOW_MS = 250;

/** How late an event loop was in one window. */
interface Window {
  readonly atMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How late an event loop was over a while. */
export interface LoopDelay {
  /** What the longest delay of a quarter of a second stays below in nine of ten of them: the scheduler's whims left out. */
  readonly usualWorstMs: number;
  /** The longest of all. */
  readonly worstMs: number;
  /** What the 99th percentile of a quarter of a second stays below in nine of ten of them. */
  readonly p99Ms: number;
}

/** This checkout's programs, with a server that has its event loop watched. */
export class WatchedServer implements Disposable {
  readonly programs: Programs;
  readonly #folder = mkdtempSync(join(tmpdir(), 'spirekit-loop-'));

  constructor() {
    const server = join(this.#folder, 'spire-server');
    const program = join(import.meta.dirname, 'processes/watched-server.ts');
    writeFileSync(
      server,
      `#!/bin/sh
unset ${NODE_VARIABLES.join(' ')}
LOOP_DELAY_FILE="${this.#file}" exec "${process.execPath}" "${program}" "$@"
`,
    );
    chmodSync(server, 0o755);
    this.programs = { ...ours, server };
  }

  /** How late the loop was between two moments of the system's clock. */
  between(fromMs: number, toMs: number): LoopDelay {
    const windows = this.#windows().filter(({ atMs }) => atMs - WINDOW_MS >= fromMs && atMs <= toMs);
    const longest = windows.map(({ maxMs }) => maxMs);
    return {
      usualWorstMs: percentile(longest, 0.9),
      worstMs: Math.max(...longest),
      p99Ms: percentile(
        windows.map(({ p99Ms }) => p99Ms),
        0.9,
      ),
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#folder, 'loop-delay');
  }

  #windows(): Window[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, 'utf8').trim().split('\n');
    return lines.map((line) => {
      const [atMs = Number.NaN, p99Ms = Number.NaN, maxMs = Number.NaN] = line.split(' ').map(Number);
      return { atMs, p99Ms, maxMs };
    });
  }
}
