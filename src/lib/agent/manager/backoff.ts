/** How a {@link Backoff} grows. */
export interface BackoffOptions {
  readonly initialMs: number;
  /** 24 times the initial interval by default, as SPIRE's. */
  readonly maxMs?: number | undefined;
  /** A number from 0 up to but not 1, for jitter. */
  readonly random: () => number;
}

const GROWTH = 1.5;
const JITTER = 0.1;

/** Waiting times between attempts: each half as long again as the one before, up to a limit, give or take a tenth. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #maxMs: number;
  #intervalMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#maxMs = options.maxMs ?? 24 * options.initialMs;
    this.#intervalMs = Math.min(options.initialMs, this.#maxMs);
  }

  /** How long to wait now, in milliseconds. */
  nextMs(): number {
    const current = this.#intervalMs;
    this.#intervalMs = Math.min(current * GROWTH, this.#maxMs);
    return current * (1 - JITTER + 2 * JITTER * this.#options.random());
  }

  /** To be called after a success. */
  reset(): void {
    this.#intervalMs = Math.min(this.#options.initialMs, this.#maxMs);
  }
}
