/** What SPIRE's server signs for one address in a second. */
export const MAX_BATCH_SIZE = 500;

/** How many certificate requests go into one call: half as many after a failure, twice as many after a success. */
export class BatchSize {
  readonly #max: number;
  #current: number;

  constructor(max: number = MAX_BATCH_SIZE) {
    this.#max = max;
    this.#current = max;
  }

  /** At least 1. */
  get current(): number {
    return this.#current;
  }

  succeeded(): void {
    this.#current = Math.min(this.#current * 2, this.#max);
  }

  failed(): void {
    this.#current = Math.max(Math.floor(this.#current / 2), 1);
  }
}
