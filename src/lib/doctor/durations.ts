import { formatGoDuration, msToNanoseconds } from '../runtime/go-duration.ts';

/** A span for people, whole seconds: `1h5m0s`. */
export function spanWords(ms: number): string {
  return formatGoDuration(msToNanoseconds(Math.round(ms / 1000) * 1000));
}

/** A moment for people and scripts: RFC 3339, UTC, whole seconds. */
export function momentWords(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
