import { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import type { CallContext, Peer } from '../../../../src/lib/rpc/call-context.ts';
import { type AuthorizedCaller, setAuthorizedCaller } from '../../../../src/lib/server/authorization/caller.ts';
import type { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { issueSvid } from './svids.ts';

/** A local caller. */
export const LOCAL_PEER: Peer = { kind: 'unix', pid: 1, uid: 0, gid: 0, isAlive: () => true };

/** A caller over TLS that presents the given chain. */
export function tlsPeer(...certificates: readonly Uint8Array[]): Peer {
  return { kind: 'tls', certificates, address: '192.0.2.1', port: 4711 };
}

/** A call as a handler or interceptor gets it. */
export function makeCall(fields: Partial<CallContext> = {}): CallContext {
  return {
    peer: LOCAL_PEER,
    method: '/test.Test/Call',
    metadata: { get: () => [] },
    signal: new AbortController().signal,
    deadlineMs: undefined,
    values: new Map(),
    sendHeaders() {},
    setTrailer() {},
    ...fields,
  };
}

/** A call that authorization let in, by default as local. */
export function makeAuthorizedCall(
  caller: AuthorizedCaller = { caller: { kind: 'local' }, role: 'local', downstreamEntries: [] },
): CallContext {
  const call = makeCall();
  setAuthorizedCaller(call, caller);
  return call;
}

/** A call of an agent that authorization let in. */
export async function makeAgentCall(id: SpiffeId): Promise<CallContext> {
  const certificate = Certificate.parse(await issueSvid({ uris: [id.toString()] }));
  return makeAuthorizedCall({ caller: { kind: 'svid', id, certificate }, role: 'agent', downstreamEntries: [] });
}

/** Collects what a stream of responses holds. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Messages that come one after the other. */
export async function* streamOf<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
