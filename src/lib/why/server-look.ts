import { type AgentClient, agentClient } from '../client/agent-client.ts';
import { bundleClient } from '../client/bundle-client.ts';
import { entryClient } from '../client/entry-client.ts';
import { followPages } from '../client/paged-list.ts';
import { Certificate } from '../crypto/certificate.ts';
import type { RpcClient } from '../rpc/client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { Agent } from '../wire/gen/spire/api/types/agent.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../wire/gen/spire/api/types/spiffeid.ts';
import { type CallOptions, describeFailedCall } from './agent-look.ts';
import type { ServerAgent, ServerFacts } from './facts.ts';
import { idText, type KnownEntry, toKnownEntry } from './known-entry.ts';

/** Of a bundle, only whose it is. */
const NOTHING = {
  x509Authorities: false,
  jwtAuthorities: false,
  refreshHint: false,
  sequenceNumber: false,
  witAuthorities: false,
};

type Told = Extract<ServerFacts, { kind: 'told' }>;

/** How many entries are asked for at a time: even long ones stay below gRPC's usual limit of 4 MiB. */
const PAGE_SIZE = 2_000;
/** What is taken of a server at most: entries, and the letters in them. */
const MOST_ENTRIES = 250_000;
const MOST_LETTERS = 200_000_000;
/** A server that sends pages for ever is left. */
const MOST_PAGES = 5_000;
/** More agents are not looked at, unless one is named. */
const MOST_AGENTS = 1_000;

/** Asks a server. Make one, {@link begin} early, and {@link finish} once the agent is known. */
export class ServerLook {
  readonly #rpc: RpcClient;
  readonly #address: string;
  readonly #options: CallOptions;

  constructor(rpc: RpcClient, address: string, options: CallOptions) {
    this.#rpc = rpc;
    this.#address = address;
    this.#options = options;
  }

  /**
   * Its entries, and the agent of that ID or those that there are. Rejects only when the signal aborts.
   *
   * @param agentId settled while the entries come
   */
  async look(agentId: Promise<string | undefined>): Promise<ServerFacts> {
    try {
      const [trustDomain, { entries, isCutShort }, agents] = await Promise.all([
        this.#trustDomain(),
        this.#entries(),
        agentId.then((id) => (id === undefined ? this.#agents() : this.#oneAgent(id))),
      ]);
      const address = this.#address;
      return {
        kind: 'told',
        address,
        trustDomain,
        entries,
        isCutShort,
        agents,
        parents: new Map(),
        bundles: new Map(),
      };
    } catch (error) {
      this.#options.signal.throwIfAborted();
      const { code } = SpirekitError.from(error);
      const isRefused = code === 'permission-denied' || code === 'unauthenticated';
      return {
        kind: isRefused ? 'refused' : 'unreachable',
        address: this.#address,
        description: describeFailedCall(error),
      };
    }
  }

  /** Looks up agents that entries have as parents, and bundles that they federate with: a few of each. */
  async lookUp(
    server: Told,
    wanted: {
      readonly agentIds: ReadonlySet<string>;
      readonly trustDomains: ReadonlySet<string>;
      readonly nowMs: number;
    },
  ): Promise<Told> {
    const { agentIds, trustDomains, nowMs } = wanted;
    const parents = new Map(server.parents);
    const bundles = new Map(server.bundles);
    await Promise.all([
      ...[...agentIds].map(async (id) => {
        const found = await this.#oneAgent(id).catch(() => undefined);
        // What could not be asked is not said to be missing.
        if (found !== undefined) parents.set(id, found[0]);
      }),
      ...[...trustDomains].map(async (trustDomain) => {
        const found = await this.#hasBundle(trustDomain, nowMs);
        if (found !== undefined) bundles.set(trustDomain, found);
      }),
    ]);
    this.#options.signal.throwIfAborted();
    return { ...server, parents, bundles };
  }

  async #trustDomain(): Promise<string> {
    const { trustDomain } = await bundleClient(this.#rpc).getBundle({ outputMask: NOTHING }, this.#options);
    return trustDomain;
  }

  async #entries(): Promise<{ entries: readonly KnownEntry[]; isCutShort: boolean }> {
    const client = entryClient(this.#rpc);
    const fetchPage = async (pageToken: string): Promise<{ items: readonly Entry[]; nextPageToken: string }> => {
      const request = { filter: undefined, outputMask: undefined, pageSize: PAGE_SIZE, pageToken };
      const { entries, nextPageToken } = await client.listEntries(request, this.#options);
      return { items: entries, nextPageToken };
    };
    const entries: KnownEntry[] = [];
    let letters = 0;
    let pages = 0;
    const counted = async (pageToken: string): ReturnType<typeof fetchPage> => {
      pages += 1;
      return pages > MOST_PAGES ? { items: [], nextPageToken: '' } : await fetchPage(pageToken);
    };
    for await (const page of followPages(await counted(''), counted)) {
      for (const entry of page) {
        letters += lettersOf(entry);
        if (entries.length >= MOST_ENTRIES || letters > MOST_LETTERS) return { entries, isCutShort: true };
        entries.push(toKnownEntry(entry));
      }
    }
    return { entries, isCutShort: pages > MOST_PAGES };
  }

  async #agents(): Promise<ServerAgent[]> {
    const request = { filter: undefined, outputMask: undefined, pageSize: MOST_AGENTS, pageToken: '' };
    const { agents } = await agentClient(this.#rpc).listAgents(request, this.#options);
    return agents.slice(0, MOST_AGENTS).map(toServerAgent);
  }

  /** None if the server does not know it, or it is no ID of an agent. */
  async #oneAgent(id: string): Promise<ServerAgent[]> {
    const wanted = splitId(id);
    if (wanted === undefined) return [];
    const client: Pick<AgentClient, 'getAgent'> = agentClient(this.#rpc);
    try {
      return [toServerAgent(await client.getAgent({ id: wanted, outputMask: undefined }, this.#options))];
    } catch (error) {
      const { code } = SpirekitError.from(error);
      if (code === 'not-found' || code === 'invalid-argument') return [];
      throw error;
    }
  }

  async #hasBundle(trustDomain: string, nowMs: number): Promise<boolean | undefined> {
    const request = { trustDomain, outputMask: { ...NOTHING, x509Authorities: true } };
    try {
      const { x509Authorities } = await bundleClient(this.#rpc).getFederatedBundle(request, this.#options);
      return x509Authorities.slice(0, MOST_AUTHORITIES).some(({ asn1 }) => isCurrent(asn1, nowMs));
    } catch (error) {
      return SpirekitError.from(error).code === 'not-found' ? false : undefined;
    }
  }
}

/** More of one bundle are not looked at. */
const MOST_AUTHORITIES = 1_000;

function isCurrent(der: Uint8Array, nowMs: number): boolean {
  try {
    return Certificate.parse(der).notAfterMs > nowMs;
  } catch {
    return false;
  }
}

function lettersOf({ selectors, spiffeId, parentId, dnsNames, hint }: Entry): number {
  const own = (spiffeId?.path.length ?? 0) + (parentId?.path.length ?? 0) + hint.length + 100;
  const names = dnsNames.reduce((sum, name) => sum + name.length + 20, 0);
  return own + names + selectors.reduce((sum, { type, value }) => sum + type.length + value.length + 50, 0);
}

function toServerAgent({ id, selectors, banned, x509svidExpiresAt }: Agent): ServerAgent {
  return { id: idText(id), selectors, isBanned: banned, expiresAtMs: Number(x509svidExpiresAt) * 1000 };
}

function splitId(id: string): SPIFFEID | undefined {
  const match = /^spiffe:\/\/([^/]+)(\/.+)$/.exec(id);
  return match === null ? undefined : { trustDomain: match[1] ?? '', path: match[2] ?? '' };
}
