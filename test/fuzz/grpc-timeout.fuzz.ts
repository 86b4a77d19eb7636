import { formatGrpcTimeout, parseGrpcTimeout } from '../../src/lib/rpc/grpc-timeout.ts';

const UNIT_MS: Readonly<Record<string, number>> = { n: 1e-6, u: 1e-3, m: 1, S: 1_000, M: 60_000, H: 3_600_000 };
const LONGEST_MS = 99_999_999 * 3_600_000;

/**
 * Any number is written as a header that gRPC allows and that reads back, no shorter than asked for and by less than one
 * unit longer; any header is read as a time, or is none.
 */
export function target(bytes: Uint8Array): void {
  const received = Buffer.from(bytes).toString('latin1');
  const receivedMs = parseGrpcTimeout(received);
  if ((receivedMs !== undefined) !== /^[0-9]{1,8}[numSMH]$/.test(received)) throw new Error('not the grammar of gRPC');
  if (receivedMs !== undefined && !(receivedMs >= 0 && receivedMs <= LONGEST_MS)) throw new Error('not a time');
  const padded = new Uint8Array(8);
  padded.set(bytes.subarray(0, 8));
  const timeoutMs = new DataView(padded.buffer).getFloat64(0);
  const text = formatGrpcTimeout(timeoutMs);
  const [, digits = '', unit = ''] = /^([0-9]{1,8})([numSMH])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined) throw new Error(`not a timeout: ${text}`);
  if (parseGrpcTimeout(text) !== Number(digits) * unitMs) throw new Error('does not read back');
  if (!(timeoutMs > 0)) {
    if (Number(digits) !== 0) throw new Error('time left where there is none');
    return;
  }
  if (timeoutMs > LONGEST_MS) return;
  const writtenMs = Number(digits) * unitMs;
  const rounding = 1 + 1e-9;
  if (writtenMs * rounding < timeoutMs || writtenMs > (timeoutMs + unitMs) * rounding)
    throw new Error(`${text} for ${timeoutMs}`);
}
