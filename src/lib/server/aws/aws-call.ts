import { SpirekitError } from '../../runtime/errors.ts';
import { fromAwsError } from './aws-error.ts';

/** What ends a call early. */
export interface AwsCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The SDK's module. */
export type AwsSdk = typeof import('./aws-sdk.ts');

/**
 * Makes a call of the SDK, so that it fails with one of our errors or with the signal's reason.
 *
 * @param name of the service and the call, for messages
 */
export async function callAws<T>(
  name: string,
  { signal }: AwsCallOptions,
  send: (options: { abortSignal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await send(signal === undefined ? {} : { abortSignal: signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw fromAwsError(name, error);
  }
}

/** A member of an answer that must be there. Error: `unavailable`. */
export function mustHave<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new SpirekitError('unavailable', `AWS ${name}: the answer is incomplete`);
  return value;
}
