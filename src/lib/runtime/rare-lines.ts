import type { Clock } from './clock.ts';
import type { LogFields } from './log-fields.ts';

/** Between two lines, in milliseconds. */
const INTERVAL_MS = 10_000;

/**
 * Lets a line through at most every ten seconds, so that nobody fills a disk by doing again and again what is logged. The
 * next line says how many were left out.
 */
export class RareLines {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #write: (fields: LogFields) => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #leftOut = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, write: (fields: LogFields) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  write(fields: LogFields): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastMs < INTERVAL_MS) {
      this.#leftOut += 1;
      return;
    }
    this.#write(this.#leftOut === 0 ? fields : { ...fields, similar_lines_left_out: this.#leftOut });
    this.#lastMs = nowMs;
    this.#leftOut = 0;
  }
}
