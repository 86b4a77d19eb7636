import type { RpcCallOptions, RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcError, rpcCodeName } from '../../../src/lib/rpc/status.ts';
import { findPermissionDeniedReason } from '../../../src/lib/wire/convert/status.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../src/lib/wire/gen/spire/api/types/status.ts';

/** How a call with an empty request ended. */
export interface CallOutcome {
  /** `OK`, or the name of the status code. */
  readonly code: string;
  /** The server's sentence; empty for `OK`. */
  readonly sentence: string;
  /** `AGENT_BANNED` and the like. */
  readonly reason: string | undefined;
}

/** Requests that are empty and answers that are not read. */
const BYTES = {
  encode: (_message: Uint8Array) => ({ finish: () => new Uint8Array() }),
  decode: (bytes: Uint8Array) => bytes,
};
const EMPTY = new Uint8Array();

/** The methods with streams: what the request stream and the response stream are. */
const STREAMS: Readonly<Record<string, readonly [request: boolean, response: boolean]>> = {
  '/grpc.health.v1.Health/Watch': [false, true],
  '/spire.api.server.agent.v1.Agent/AttestAgent': [true, true],
  '/spire.api.server.entry.v1.Entry/SyncAuthorizedEntries': [true, true],
};

/** Whether authorization refused the call, rather than the handler or the transport. */
export function isDenied({ code, sentence }: CallOutcome, path: string): boolean {
  return code === 'PermissionDenied' && sentence === `authorization denied for method ${path}`;
}

/** Calls a method (`/package.Service/Method`) with an empty request, or none where requests are a stream. */
export async function callRaw(client: RpcClient, path: string, options?: RpcCallOptions): Promise<CallOutcome> {
  const [requestStream, responseStream] = STREAMS[path] ?? [false, false];
  try {
    if (requestStream) {
      const call = client.bidi(definitionOf(path, true, true), 'method', options);
      call.end();
      for await (const _ of call.responses) break;
    } else if (responseStream) {
      for await (const _ of client.serverStream(definitionOf(path, false, true), 'method', EMPTY, options)) break;
    } else {
      await client.unary(definitionOf(path, false, false), 'method', EMPTY, options);
    }
    return { code: 'OK', sentence: '', reason: undefined };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const reason = error.statusDetails && findPermissionDeniedReason(error.statusDetails);
    const name = Object.entries(Reason).find(([, value]) => value === reason)?.[0];
    return { code: rpcCodeName(error.status), sentence: error.description, reason: name };
  }
}

function definitionOf<Q extends boolean, S extends boolean>(path: string, requestStream: Q, responseStream: S) {
  const [, service = '', name = ''] = path.split('/');
  const method = { name, requestType: BYTES, requestStream, responseType: BYTES, responseStream };
  return { fullName: service, methods: { method } };
}
