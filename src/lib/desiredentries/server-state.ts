import { agentClient } from '../client/agent-client.ts';
import { bundleClient } from '../client/bundle-client.ts';
import { collectPages } from '../client/collect-pages.ts';
import { entryClient } from '../client/entry-client.ts';
import type { RpcClient } from '../rpc/client.ts';
import { prefixed } from '../runtime/errors.ts';
import type { ListEntriesRequest_Filter } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { Agent } from '../wire/gen/spire/api/types/agent.ts';
import type { Entry, EntryMask } from '../wire/gen/spire/api/types/entry.ts';

/** What a server has of what plans are about. */
export interface ServerState {
  readonly trustDomain: string;
  readonly entries: readonly Entry[];
  readonly agents: readonly Agent[];
}

/** Below gRPC's limit of 4 MiB, as SPIRE's own client asks. */
const ENTRY_PAGE_SIZE = 500;
const AGENT_PAGE_SIZE = 1000;

/** Reads it, page by page. @throws RpcError with words in front */
export async function loadServerState(
  rpc: RpcClient,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<ServerState> {
  const [trustDomain, entries, agents] = await Promise.all([
    within('trust domain', loadTrustDomain(rpc, options)),
    within('entries', listAllEntries(rpc, { ...options, filter: undefined, outputMask: undefined })),
    within(
      'agents',
      collectPages(async (pageToken) => {
        const request = { filter: undefined, outputMask: AGENT_FIELDS, pageSize: AGENT_PAGE_SIZE, pageToken };
        const page = await agentClient(rpc).listAgents(request, options);
        return { items: page.agents, nextPageToken: page.nextPageToken };
      }),
    ),
  ]);
  return { trustDomain, entries, agents };
}

/** All entries that a filter lets through, in no order. @throws RpcError */
export function listAllEntries(
  rpc: RpcClient,
  {
    filter,
    outputMask,
    signal,
  }: {
    readonly filter: ListEntriesRequest_Filter | undefined;
    readonly outputMask: EntryMask | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Entry[]> {
  return collectPages(async (pageToken) => {
    const request = { filter, outputMask, pageSize: ENTRY_PAGE_SIZE, pageToken };
    const page = await entryClient(rpc).listEntries(request, { signal });
    return { items: page.entries, nextPageToken: page.nextPageToken };
  });
}

async function loadTrustDomain(
  rpc: RpcClient,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const outputMask = {
    x509Authorities: false,
    jwtAuthorities: false,
    witAuthorities: false,
    refreshHint: false,
    sequenceNumber: false,
  };
  return (await bundleClient(rpc).getBundle({ outputMask }, options)).trustDomain;
}

const AGENT_FIELDS = {
  attestationType: true,
  x509svidSerialNumber: false,
  x509svidExpiresAt: true,
  selectors: true,
  banned: true,
  canReattest: false,
  agentVersion: false,
};

async function within<T>(what: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw prefixed(`cannot read the ${what} of the server`, error);
  }
}
