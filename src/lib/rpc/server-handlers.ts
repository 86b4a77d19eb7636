import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { CallContext, Interceptor, Peer } from './call-context.ts';
import { type LibraryCall, ServerCall } from './server-call.ts';
import type { MethodDefinition } from './service.ts';
import { findPublicStatus, OK_STATUS, RpcCode, RpcError, type RpcStatus, rpcStatusOf } from './status.ts';

/** Trailers share the frame of headers, which clients limit; a longer text is cut. */
const LONGEST_DESCRIPTION = 4096;

/** What the handlers of a server share. */
export interface HandlerEnvironment {
  readonly clock: Clock;
  readonly maxSendBytes: number;
  readonly interceptors: readonly Interceptor[];
  /** Who is behind the address that the library tells; undefined for anything unknown, which is then denied. */
  readonly findPeer: (address: string) => Peer | undefined;
  readonly onInternalError: ((error: unknown, call: CallContext | undefined) => void) | undefined;
}

/** A handler of the service's author, whatever its kind. */
export type AnyHandler = (request: unknown, call: CallContext) => unknown;

type UnaryFunction = handleUnaryCall<Uint8Array, Uint8Array>;
type StreamFunction = handleServerStreamingCall<Uint8Array, Uint8Array>;
type BidiFunction = handleBidiStreamingCall<Uint8Array, Uint8Array>;

/** One request, one response. */
export function unaryFunction(rpc: MethodDefinition, handler: AnyHandler, env: HandlerEnvironment): UnaryFunction {
  return (libraryCall, respond) => {
    let response: Uint8Array | undefined;
    const body = async (call: ServerCall): Promise<void> => {
      response = encodeResponse(rpc, await handler(decodeRequest(rpc, libraryCall.request), call), env);
    };
    void serve(libraryCall, env, body, (status, trailers) => {
      if (status.status === RpcCode.ok) respond(null, response, trailers);
      else respond(libraryStatus(status, trailers));
    });
  };
}

/** One request, many responses: the next one is asked for when the connection has taken the last. */
export function streamFunction(rpc: MethodDefinition, handler: AnyHandler, env: HandlerEnvironment): StreamFunction {
  return (libraryCall) => {
    const body = (call: ServerCall): Promise<void> =>
      sendAll(libraryCall, rpc, handler(decodeRequest(rpc, libraryCall.request), call), call, env);
    void serve(libraryCall, env, body, (status, trailers) => endStream(libraryCall, status, trailers));
  };
}

/** Many requests, many responses. */
export function bidiFunction(rpc: MethodDefinition, handler: AnyHandler, env: HandlerEnvironment): BidiFunction {
  return (libraryCall) => {
    const body = (call: ServerCall): Promise<void> =>
      sendAll(libraryCall, rpc, handler(requestsOf(libraryCall, rpc, call), call), call, env);
    void serve(libraryCall, env, body, (status, trailers) => endStream(libraryCall, status, trailers));
  };
}

/**
 * Identifies the caller, before anything else, runs the interceptors around the body and sends the status that comes
 * of it, unless the caller has gone meanwhile. Never rejects.
 */
async function serve(
  libraryCall: LibraryCall,
  env: HandlerEnvironment,
  body: (call: ServerCall) => Promise<void>,
  send: (status: RpcStatus, trailers: Metadata) => void,
): Promise<void> {
  const peer = env.findPeer(libraryCall.getPeer());
  if (peer === undefined) {
    send({ status: RpcCode.permissionDenied, description: 'the caller is not known' }, new Metadata());
    return;
  }
  const call = new ServerCall(libraryCall, peer, env.clock);
  const status = await runInterceptors(call, env, body);
  if (call.finish()) send(status, call.trailers);
}

async function runInterceptors(
  call: ServerCall,
  env: HandlerEnvironment,
  body: (call: ServerCall) => Promise<void>,
): Promise<RpcStatus> {
  let isServed = false;
  let run = async (): Promise<void> => {
    await body(call);
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

/** Sends what the handler yields; on abort the handler is told to stop and is not waited for. */
async function sendAll(
  stream: ServerWritableStream<Uint8Array, Uint8Array> | ServerDuplexStream<Uint8Array, Uint8Array>,
  rpc: MethodDefinition,
  responses: unknown,
  call: ServerCall,
  env: HandlerEnvironment,
): Promise<void> {
  if (!isAsyncIterable(responses)) throw ourFault(`the handler of ${call.method} gave no stream`);
  const iterator = responses[Symbol.asyncIterator]();
  try {
    for (let next = await call.race(iterator.next()); next.done !== true; next = await call.race(iterator.next())) {
      const bytes = encodeResponse(rpc, next.value, env);
      await call.race(new Promise<void>((resolve) => stream.write(bytes, () => resolve())));
    }
  } catch (error) {
    iterator.return?.().catch(() => {
      // What it was doing for a caller who has gone has no one to report to.
    });
    throw error;
  }
}

async function* requestsOf(
  stream: ServerDuplexStream<Uint8Array, Uint8Array>,
  rpc: MethodDefinition,
  call: ServerCall,
): AsyncGenerator<unknown, void, undefined> {
  try {
    for await (const bytes of stream.iterator({ destroyOnReturn: false })) yield decodeRequest(rpc, bytes);
  } catch (error) {
    call.signal.throwIfAborted();
    throw error;
  }
}

function endStream(
  stream: ServerWritableStream<Uint8Array, Uint8Array> | ServerDuplexStream<Uint8Array, Uint8Array>,
  status: RpcStatus,
  trailers: Metadata,
): void {
  if (status.status === RpcCode.ok) stream.end(trailers);
  else stream.emit('error', libraryStatus(status, trailers));
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

function encodeResponse(rpc: MethodDefinition, response: unknown, env: HandlerEnvironment): Uint8Array {
  const bytes = rpc.responseType.encode(response).finish();
  if (bytes.byteLength <= env.maxSendBytes) return bytes;
  throw new RpcError(
    RpcCode.resourceExhausted,
    `trying to send message larger than max (${bytes.byteLength} vs. ${env.maxSendBytes})`,
  );
}

/** A status in the form that the library sends. */
function libraryStatus(status: RpcStatus, trailers: Metadata): ServiceError {
  const metadata = trailers.clone();
  if (status.statusDetails !== undefined) metadata.set('grpc-status-details-bin', Buffer.from(status.statusDetails));
  // The library encodes the text for the wire, and fails over half a surrogate pair.
  const details = status.description.slice(0, LONGEST_DESCRIPTION).toWellFormed();
  return { name: 'Error', message: details, code: status.status, details, metadata };
}

/** A fault of the program: the code `unknown` keeps the sentence from the caller, for whom it becomes `Internal`. */
function ourFault(sentence: string): SpirekitError {
  return new SpirekitError('unknown', sentence);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
