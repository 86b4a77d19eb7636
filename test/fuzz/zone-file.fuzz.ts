import { abbreviationOf } from '../../src/lib/cli/local-zone.ts';

/** A zone file of any bytes gives a short name without blanks, or none, for each offset. */
export function target(bytes: Uint8Array): void {
  for (const offsetSeconds of [0, 3600, -12_600, 20_700]) {
    if (typeof abbreviationOf(bytes, offsetSeconds) !== 'string') throw new Error('no name');
  }
}
