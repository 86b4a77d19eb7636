import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_VARIABLES } from '../../src/lib/cli/outer-environment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';

/** The length of a window. */
export const WINDOW_MS = 250;

/** How late an event loop was in one window. */
interface Window {
  readonly atMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
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

  /** The worst delay between two moments of the system's clock, and the one that 99 in 100 windows' p99 stay below. */
  between(fromMs: number, toMs: number): { readonly worstMs: number; readonly p99Ms: number } {
    const windows = this.#windows().filter(({ atMs }) => atMs - WINDOW_MS >= fromMs && atMs <= toMs);
    return {
      worstMs: Math.max(...windows.map(({ maxMs }) => maxMs)),
      p99Ms: Math.max(...windows.map(({ p99Ms }) => p99Ms)),
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
