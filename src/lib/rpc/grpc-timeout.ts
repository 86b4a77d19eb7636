/** The header holds at most eight digits. */
const LARGEST = 99_999_999;

/** Unit letters of `grpc-timeout` and how many milliseconds each stands for, from the finest that we use. */
const UNITS = [
  ['u', 0.001],
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
] as const;

/**
 * The value of the header `grpc-timeout`: in the finest unit that holds it, rounded up, so that the server never gives
 * up before the client does. Nothing left is `0n`; longer than 11,000 years is cut to that.
 */
export function formatGrpcTimeout(timeoutMs: number): string {
  if (!(timeoutMs > 0)) return '0n';
  for (const [letter, unitMs] of UNITS) {
    const count = Math.ceil(timeoutMs / unitMs);
    if (count <= LARGEST) return `${count}${letter}`;
  }
  return `${LARGEST}H`;
}

/** Nanoseconds are only ever received. */
const RECEIVED_UNITS = new Map<string, number>([...UNITS, ['n', 1e-6]]);

/** Reverses {@link formatGrpcTimeout}: milliseconds, or undefined for a value that the protocol does not know. */
export function parseGrpcTimeout(value: string): number | undefined {
  const [, digits, letter = ''] = /^(\d{1,8})([HMSmun])$/.exec(value) ?? [];
  const unitMs = RECEIVED_UNITS.get(letter);
  return digits === undefined || unitMs === undefined ? undefined : Number(digits) * unitMs;
}
