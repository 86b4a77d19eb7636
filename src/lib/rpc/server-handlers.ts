import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { CallAccount } from './call-account.ts';
import type { CallContext, Interceptor } from './call-context.ts';
import { decodeInTurns } from './decode-in-turns.ts';
import { encodeInTurns } from './encode-in-turns.ts';
import type { ServerCall } from './server-call.ts';
import { type ServerStream, totalBytes } from './server-stream.ts';
import type { MethodDefinition } from './service.ts';
import { findPublicStatus, OK_STATUS, RpcCode, RpcError, type RpcStatus, rpcStatusOf } from './status.ts';

/** A single request must have arrived whole after so long. */
const REQUEST_TIMEOUT_MS = 60_000;

/** What the handlers of a server share. */
export interface HandlerEnvironment {
  readonly clock: Clock;
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  readonly interceptors: readonly Interceptor[];
  readonly onInternalError: ((error: unknown, call: CallContext | undefined) => void) | undefined;
}

/** A handler of the service's author, whatever its kind. */
export type AnyHandler = (request: unknown, call: CallContext) => unknown;

/** A method that is served. */
export interface ServedMethod {
  readonly rpc: MethodDefinition;
  readonly handler: AnyHandler;
}

/**
 * Reads the request, runs the interceptors around the handler and sends what comes of it and a status, unless the
 * caller has gone meanwhile. Never rejects.
 */
export async function serveCall(
  { rpc, handler }: ServedMethod,
  stream: ServerStream,
  call: ServerCall,
  account: CallAccount,
  env: HandlerEnvironment,
): Promise<void> {
  let status: RpcStatus;
  try {
    const messages = stream.messages(env.maxReceiveBytes, account);
    const request = rpc.requestStream
      ? requestsOf(messages, rpc, call)
      : await readRequest(messages, rpc, call, account, env);
    status = await runInterceptors(call, env, async () => {
      const answer = handler(request, call);
      if (rpc.responseStream) await sendAll(stream, rpc, answer, call, account, env);
      else await sendOne(stream, rpc, await answer, call, account, env);
    });
  } catch (error) {
    status = rpcStatusOf(error);
  }
  if (call.finish()) stream.end(status, call.trailers);
}

/** The only request; there must be one (gRPC's status codes: a wrong number of requests is Unimplemented). */
async function readRequest(
  messages: AsyncGenerator<Uint8Array, void, undefined>,
  rpc: MethodDefinition,
  call: ServerCall,
  account: CallAccount,
  env: HandlerEnvironment,
): Promise<unknown> {
  const late = new RpcError(RpcCode.deadlineExceeded, `the request was not complete after ${REQUEST_TIMEOUT_MS} ms`);
  const cancel = env.clock.schedule(REQUEST_TIMEOUT_MS, () => call.giveUp(late), { unref: true });
  try {
    const first = await call.race(messages.next());
    if (first.done === true) throw new RpcError(RpcCode.unimplemented, 'received no request message');
    const second = await call.race(messages.next());
    if (second.done !== true) throw new RpcError(RpcCode.unimplemented, 'received more than one request message');
    account.holdRequest(first.value.byteLength);
    return await decodeInTurns(first.value, (bytes) => decodeRequest(rpc, bytes));
  } finally {
    cancel();
  }
}

async function runInterceptors(
  call: ServerCall,
  env: HandlerEnvironment,
  body: () => Promise<void>,
): Promise<RpcStatus> {
  let isServed = false;
  let run = async (): Promise<void> => {
    await body();
    isServed = true;
  };
  for (const interceptor of env.interceptors.toReversed()) {
    const inner = run;
    run = () => interceptor(call, inner);
  }
  try {
    await run();
    if (!isServed) throw ourFault('an interceptor neither served nor refused the call');
    return OK_STATUS;
  } catch (error) {
    const isReported = !call.signal.aborted && findPublicStatus(error) === undefined;
    if (isReported) env.onInternalError?.(error, call);
    return rpcStatusOf(error);
  }
}

/** Sends the only response; the status follows when all interceptors agree. */
async function sendOne(
  stream: ServerStream,
  rpc: MethodDefinition,
  response: unknown,
  call: ServerCall,
  account: CallAccount,
  env: HandlerEnvironment,
): Promise<void> {
  const parts = await encodeResponse(rpc, response, env);
  if (!call.signal.aborted) await call.race(stream.send(parts, account));
}

/**
 * Sends what the handler yields, and asks for the next when the connection has taken the last; on abort the handler is
 * told to stop and is not waited for.
 */
async function sendAll(
  stream: ServerStream,
  rpc: MethodDefinition,
  responses: unknown,
  call: ServerCall,
  account: CallAccount,
  env: HandlerEnvironment,
): Promise<void> {
  if (!isAsyncIterable(responses)) throw ourFault(`the handler of ${call.method} gave no stream`);
  const iterator = responses[Symbol.asyncIterator]();
  try {
    for (let next = await call.race(iterator.next()); next.done !== true; next = await call.race(iterator.next())) {
      await call.race(stream.send(await encodeResponse(rpc, next.value, env), account));
    }
  } catch (error) {
    iterator.return?.().catch(() => {
      // What it was doing for a caller who has gone has no one to report to.
    });
    throw error;
  }
}

async function* requestsOf(
  messages: AsyncGenerator<Uint8Array, void, undefined>,
  rpc: MethodDefinition,
  call: ServerCall,
): AsyncGenerator<unknown, void, undefined> {
  try {
    for await (const bytes of messages) yield decodeRequest(rpc, bytes);
  } catch (error) {
    call.signal.throwIfAborted();
    throw error;
  }
}

/** Plain `Uint8Array`s in, so that fields of bytes come out as such and not as Node's `Buffer`. */
function decodeRequest(rpc: MethodDefinition, bytes: Uint8Array): unknown {
  try {
    return rpc.requestType.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    const description = 'grpc: error unmarshalling request: proto: cannot parse invalid wire-format data';
    throw new RpcError(RpcCode.internal, description, { cause: error });
  }
}

/** The parts of the encoded response. */
async function encodeResponse(
  rpc: MethodDefinition,
  response: unknown,
  env: HandlerEnvironment,
): Promise<readonly Uint8Array[]> {
  if (typeof response !== 'object' || response === null) throw ourFault(`the handler of ${rpc.name} gave no message`);
  const parts = await encodeInTurns(response, (message) => rpc.responseType.encode(message).finish());
  const bytes = totalBytes(parts);
  if (bytes <= env.maxSendBytes) return parts;
  throw new RpcError(
    RpcCode.resourceExhausted,
    `trying to send message larger than max (${bytes} vs. ${env.maxSendBytes})`,
  );
}

/** A fault of the program: the code `unknown` keeps the sentence from the caller, for whom it becomes `Internal`. */
function ourFault(sentence: string): SpirekitError {
  return new SpirekitError('unknown', sentence);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
