import type { CommandContext } from './command-context.ts';

/** What is over sooner needs no progress. */
const SHOW_AFTER_MS = 500;

/** How far a long command is: one line on stderr that is written over and gone in the end. Only on a terminal. */
export class ProgressLine implements Disposable {
  readonly #context: Pick<CommandContext, 'io' | 'clock'>;
  readonly #total: number;
  readonly #startedMs: number;
  #isShown = false;

  constructor(context: Pick<CommandContext, 'io' | 'clock'>, total: number) {
    this.#context = context;
    this.#total = total;
    this.#startedMs = context.clock.monotonicMs();
  }

  show(done: number): void {
    const { io, clock } = this.#context;
    if (io.stderr.isTTY !== true || clock.monotonicMs() - this.#startedMs < SHOW_AFTER_MS) return;
    const percent = Math.floor((100 * done) / Math.max(1, this.#total));
    io.stderr.write(`\r${done} of ${this.#total} (${percent} %)`);
    this.#isShown = true;
  }

  /** Clears the line: `ESC [ K` of ECMA-48. */
  [Symbol.dispose](): void {
    if (this.#isShown) this.#context.io.stderr.write('\r\x1b[K');
    this.#isShown = false;
  }
}
