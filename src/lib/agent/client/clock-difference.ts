import type { Clock } from '../../runtime/clock.ts';
import { formatGoDuration, msToNanoseconds } from '../../runtime/go-duration.ts';
import type { Logger } from '../../runtime/logger.ts';

/** SPIRE's servers issue with a start so long ago. */
const BACKDATE_MS = 10_000;

/** An answer may have been under way for a while. */
const NEGLIGIBLE_MS = 60_000;

/**
 * Sees from what the server issues how far the clock of this machine is from the server's, and says so once: agents,
 * workloads and their peers refuse each other's certificates when clocks differ, with nothing wrong with the certificates.
 */
export class ClockDifference {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #log: Logger;
  #hasWarned = false;

  constructor(clock: Pick<Clock, 'nowMs'>, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Looks at a certificate that has just come from the server. */
  look({ notBeforeMs, notAfterMs }: { readonly notBeforeMs: number; readonly notAfterMs: number }): void {
    const nowMs = this.#clock.nowMs();
    const aheadMs = nowMs - notBeforeMs - BACKDATE_MS;
    const isFine = nowMs >= notBeforeMs && nowMs <= notAfterMs && aheadMs <= NEGLIGIBLE_MS;
    if (isFine === !this.#hasWarned) return;
    this.#hasWarned = !isFine;
    if (isFine) this.#log.info("The clock of this machine agrees with the server's again");
    else this.#log.warn(describe(aheadMs, nowMs > notAfterMs));
  }
}

function describe(aheadMs: number, hasExpired: boolean): string {
  const by = formatGoDuration(msToNanoseconds(Math.round(Math.abs(aheadMs) / 1000) * 1000));
  const difference = `The clock of this machine is about ${by} ${aheadMs < 0 ? 'behind' : 'ahead of'} the server's`;
  if (aheadMs < 0) return `${difference}: what the server issues now is not valid here yet. Set it right`;
  if (hasExpired) return `${difference}: what the server issues now has expired here already. Set it right`;
  return `${difference}. Set it right`;
}
