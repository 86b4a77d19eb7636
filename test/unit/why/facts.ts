import { parseSelector } from '../../../src/lib/spiffe/selector.ts';
import type { ExplainOptions } from '../../../src/lib/why/explain.ts';
import type { AgentFacts, Facts, ServerAgent, ServerFacts } from '../../../src/lib/why/facts.ts';
import { type KnownEntry, toKnownEntry } from '../../../src/lib/why/known-entry.ts';
import type { ProcessTraits, Subject } from '../../../src/lib/why/subject.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

export const NOW_MS = Date.UTC(2031, 4, 6, 7, 8, 9);
const NOW_SECONDS = BigInt(NOW_MS / 1000);
export const AGENT_ID = 'spiffe://example.org/spire/agent/x509pop/one';
export const OPTIONS: ExplainOptions = { mostNear: 5, showAll: false, serverFlags: [] };

/** An entry below the agent, an hour old. */
export function entry(
  id: string,
  path: string,
  selectors: readonly string[],
  more: Partial<Entry> & { readonly parent?: string } = {},
): KnownEntry {
  const { parent = '/spire/agent/x509pop/one', ...fields } = more;
  return toKnownEntry(
    Entry.create({
      id,
      spiffeId: { trustDomain: 'example.org', path },
      parentId: { trustDomain: 'example.org', path: parent },
      selectors: selectors.map(parseSelector),
      createdAt: NOW_SECONDS - 3600n,
      ...fields,
    }),
  );
}

export const TRAITS: ProcessTraits = {
  pid: 42,
  program: '/usr/bin/web',
  uid: 1000,
  gid: 1000,
  realUid: 1000,
  realGid: 1000,
  namespaceDepth: 1,
  pidNamespace: 'pid:[1]',
};

/** A process of user and group 1000, in the group 27 besides. */
export const PROCESS: Subject = {
  kind: 'process',
  name: 'pid 42',
  isCaller: false,
  selectors: ['uid:1000', 'user:web', 'gid:1000', 'group:web', 'supplementary_gid:27'].map((value) => ({
    type: 'unix',
    value,
  })),
  programSelectors: [{ type: 'unix', value: 'path:/usr/bin/web' }],
  unseenKinds: new Set(),
  process: TRAITS,
};

/** The agent answers somebody else's process, and is in step with its server. */
export const AGENT: AgentFacts = {
  address: '/run/agent.sock',
  answer: { kind: 'no identity', description: 'no identity issued' },
  id: AGENT_ID,
  idSource: 'its admin socket',
  lastSyncMs: NOW_MS - 1000,
  settings: {
    source: '/etc/agent.conf',
    attestors: new Set(['unix']),
    discoversPath: false,
    sizeLimitBytes: 0,
    syncIntervalMs: 5000,
  },
  namespaceDepth: 1,
  pidNamespace: 'pid:[1]',
};

export function serverAgent(more: Partial<ServerAgent> = {}): ServerAgent {
  return { id: AGENT_ID, selectors: [], isBanned: false, expiresAtMs: NOW_MS + 3_600_000, ...more };
}

export function told(
  entries: readonly KnownEntry[],
  more: Partial<Extract<ServerFacts, { kind: 'told' }>> = {},
): ServerFacts {
  return {
    kind: 'told',
    address: '/run/server.sock',
    trustDomain: 'example.org',
    entries,
    isCutShort: false,
    agents: [serverAgent()],
    parents: new Map(),
    bundles: new Map(),
    ...more,
  };
}

export function facts(server: ServerFacts, more: Partial<Facts> = {}): Facts {
  return { subject: PROCESS, wantedId: undefined, agent: AGENT, server, nowMs: NOW_MS, ...more };
}
