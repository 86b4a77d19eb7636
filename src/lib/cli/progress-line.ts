import type { CommandContext } from './command-context.ts';
import { StatusLine } from './status-line.ts';

/** What is over sooner needs no progress. */
const SHOW_AFTER_MS = 500;

/** A terminal is not written to more often. */
const LEAST_PAUSE_MS = 100;

const MS_PER_SECOND = 1000;
const SECONDS_PER_MINUTE = 60;

/**
 * How far a long command is, how fast, and how long it will take: one line on stderr that is written over and gone in the
 * end. Only on a terminal.
 */
export class ProgressLine implements Disposable {
  readonly #clock: CommandContext['clock'];
  readonly #line: StatusLine;
  #total: number | undefined;
  readonly #what: string;
  readonly #startedMs: number;
  #shownMs = Number.NEGATIVE_INFINITY;

  /**
   * @param total how many there are in the end; undefined if nobody knows
   * @param what they are, in words: `entries`
   */
  constructor(context: Pick<CommandContext, 'io' | 'clock'>, total: number | undefined, what = '') {
    this.#clock = context.clock;
    this.#line = new StatusLine(context.io);
    this.#total = total;
    this.#what = what;
    this.#startedMs = context.clock.monotonicMs();
  }

  /** @param total where it was not known from the start */
  show(done: number, total?: number): void {
    this.#total = total ?? this.#total;
    const nowMs = this.#clock.monotonicMs();
    const tookMs = nowMs - this.#startedMs;
    if (tookMs < SHOW_AFTER_MS || nowMs - this.#shownMs < LEAST_PAUSE_MS) return;
    this.#shownMs = nowMs;
    const what = this.#what === '' ? '' : ` ${this.#what}`;
    const rate = done / (tookMs / MS_PER_SECOND);
    const speed = `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`;
    if (this.#total === undefined) {
      this.#line.show(`${done}${what}, ${speed}`);
      return;
    }
    const percent = Math.floor((100 * done) / Math.max(1, this.#total));
    const left = done === 0 ? '' : `, ${formatLeft((this.#total - done) / rate)} left`;
    this.#line.show(`${done} of ${this.#total}${what} (${percent} %), ${speed}${left}`);
  }

  /** Clears the line. */
  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]();
  }
}

/** Does something long with a {@link ProgressLine} that is gone when it is over, whatever became of it. */
export async function withProgress<T>(
  context: Pick<CommandContext, 'io' | 'clock'>,
  what: string,
  run: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  using line = new ProgressLine(context, undefined, what);
  return await run((done, total) => line.show(done, total));
}

/** The pages as they are, with a {@link ProgressLine} that counts what is in them. */
export async function* pagesWithProgress<T>(
  pages: AsyncIterable<readonly T[]>,
  total: number | undefined,
  context: Pick<CommandContext, 'io' | 'clock'>,
): AsyncGenerator<readonly T[], void, undefined> {
  using line = new ProgressLine(context, total);
  let done = 0;
  for await (const page of pages) {
    yield page;
    done += page.length;
    line.show(done);
  }
}

/** `8 s`, `2 min 5 s`: nobody needs it finer. */
function formatLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < SECONDS_PER_MINUTE) return `${whole} s`;
  return `${Math.floor(whole / SECONDS_PER_MINUTE)} min ${whole % SECONDS_PER_MINUTE} s`;
}
