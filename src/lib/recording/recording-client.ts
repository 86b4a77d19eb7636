import { RpcCode, RpcError } from '../rpc/status.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { WorkloadApiClient } from '../workloadapi/client.ts';
import type { RecordedAnswer } from './recorded-answer.ts';
import type { RecordedCall, Recorder } from './recorder.ts';
import type { RecordedMethod } from './recording.ts';
import { jwtBundlesFromWire, jwtSvidsFromWire, x509BundlesFromWire, x509SvidsFromWire } from './wire-answer.ts';

/** What the client asks for beside the three streams. */
export interface RecordConversationOptions {
  /** Asks for a JWT-SVID for these once; nothing without any. */
  readonly audience: readonly string[];
  /** Ends it. */
  readonly signal: AbortSignal;
}

const HEADER = ['true'];

/**
 * Talks to a Workload API itself: opens the three streams, asks for a token, and listens until the signal aborts or all
 * calls have ended. A call that fails is recorded as it failed and not made again; if all have failed, the first failure is
 * returned.
 */
export async function recordConversation(
  client: WorkloadApiClient,
  recorder: Recorder,
  { audience, signal }: RecordConversationOptions,
): Promise<SpirekitError | undefined> {
  const options = { signal };
  const failures = await Promise.all([
    listen(recorder, 'FetchX509SVID', client.watchX509Svid(options), x509SvidsFromWire, signal),
    listen(recorder, 'FetchX509Bundles', client.watchX509Bundles(options), x509BundlesFromWire, signal),
    listen(recorder, 'FetchJWTBundles', client.watchJwtBundles(options), jwtBundlesFromWire, signal),
    ...(audience.length === 0 ? [] : [askForToken(client, recorder, { audience, signal })]),
  ]);
  return failures.every((failure) => failure !== undefined) ? failures[0] : undefined;
}

async function listen<T>(
  recorder: Recorder,
  method: RecordedMethod,
  stream: AsyncIterable<T>,
  record: (answer: T) => RecordedAnswer,
  signal: AbortSignal,
): Promise<SpirekitError | undefined> {
  const call = recorder.begin(method, { kind: 'none' }, HEADER);
  try {
    for await (const answer of stream) call.answer(record(answer));
    call.end('server');
    return undefined;
  } catch (error) {
    return endWith(call, error, signal);
  }
}

async function askForToken(
  client: WorkloadApiClient,
  recorder: Recorder,
  { audience, signal }: RecordConversationOptions,
): Promise<SpirekitError | undefined> {
  const call = recorder.begin('FetchJWTSVID', { kind: 'jwt_svid', audience, spiffe_id: '' }, HEADER);
  try {
    call.answer(jwtSvidsFromWire(await client.fetchJwtSvid({ audience }, { signal })));
    call.end('server');
    return undefined;
  } catch (error) {
    return endWith(call, error, signal);
  }
}

/** When the recording is over, it is this side that hangs up. */
function endWith(call: RecordedCall, error: unknown, signal: AbortSignal): SpirekitError | undefined {
  if (signal.aborted) {
    call.end('client', new RpcError(RpcCode.canceled, 'context canceled'));
    return undefined;
  }
  call.end('server', error);
  return SpirekitError.from(error);
}
