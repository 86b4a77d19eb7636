import { findForeignStatus, statusOfReset, statusOfTrailers } from '../../src/lib/rpc/response-status.ts';
import { errorCodeOfStatus, RpcError, type RpcStatus } from '../../src/lib/rpc/status.ts';
import { ERROR_CODES } from '../../src/lib/runtime/errors.ts';

/** Headers of any values (one a line, `name: value`) give a status with a number, an error of ours and words. */
export function target(bytes: Uint8Array): void {
  const headers: Record<string, string> = Object.create(null);
  for (const line of Buffer.from(bytes).toString('latin1').split('\n')) {
    const colon = line.indexOf(':', 1);
    if (colon > 0) headers[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  check(statusOfTrailers(headers));
  const foreign = findForeignStatus(headers);
  if (foreign !== undefined) check(foreign);
  check(statusOfReset(Number(headers['code'] ?? 0)));
}

function check({ status, description }: RpcStatus): void {
  if (!Number.isSafeInteger(status)) throw new Error(`${status} is no status`);
  const error = new RpcError(status, description);
  if (!(errorCodeOfStatus(status) in ERROR_CODES) || !error.message.endsWith(description))
    throw new Error('no error of ours');
}
