import { SpirekitError } from '../runtime/errors.ts';
import { nanosecondsToMs, parseGoDuration } from '../runtime/go-duration.ts';
import { type Lifetime, lifePosition } from './lifetime.ts';

/** When something is to be renewed: once that share of its life is used, or once less than that time is left of it. */
export type RenewalThreshold =
  | { readonly kind: 'share'; readonly used: number }
  | { readonly kind: 'time'; readonly leftMs: number };

/**
 * Reads a threshold: `66%` of the life used (over 0, at most 100), or a duration that has to be left, such as `10m`.
 *
 * @throws SpirekitError `usage`, `invalid-argument`
 */
export function parseRenewalThreshold(text: string): RenewalThreshold {
  const percent = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text)?.[1];
  if (percent !== undefined) {
    const used = Number(percent) / 100;
    if (used > 0 && used <= 1) return { kind: 'share', used };
    throw new SpirekitError('usage', 'a share is over 0 % and at most 100 %');
  }
  const leftMs = nanosecondsToMs(parseGoDuration(text));
  if (leftMs < 0) throw new SpirekitError('usage', 'a time must not be negative');
  return { kind: 'time', leftMs };
}

/** What is to be done about something with this life. */
export function renewalState(
  lifetime: Lifetime,
  threshold: RenewalThreshold,
  nowMs: number,
): 'fresh' | 'due' | 'expired' {
  const { state, leftMs, usedShare = 1 } = lifePosition(lifetime, nowMs);
  if (state === 'expired') return 'expired';
  const isDue = threshold.kind === 'time' ? leftMs < threshold.leftMs : usedShare >= threshold.used;
  return isDue ? 'due' : 'fresh';
}
