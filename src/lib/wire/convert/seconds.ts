import { invalidMessage } from './conversion-error.ts';

/** Seconds of domain values are numbers: exact for 285 million years either way. */
export function secondsToWire(seconds: number): bigint {
  return BigInt(Math.trunc(seconds));
}

/** @throws SpirekitError `invalid-argument` beyond what a number holds exactly */
export function secondsFromWire(seconds: bigint): number {
  const number = Number(seconds);
  if (!Number.isSafeInteger(number)) throw invalidMessage(`time out of range: ${seconds}`);
  return number;
}
