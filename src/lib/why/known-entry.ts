import { formatSelector, type Selector } from '../spiffe/selector.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../wire/gen/spire/api/types/spiffeid.ts';

/** An entry as the server listed it, with what it is looked up by. IDs are texts: a server may send anything. */
export interface KnownEntry {
  readonly id: string;
  readonly spiffeId: string;
  readonly parentId: string;
  readonly selectors: readonly Selector[];
  /** Its parent is the server: it stands for agents, and no workload gets it. */
  readonly isNodeAlias: boolean;
  readonly wire: Entry;
}

/** The path of the server's own ID; what has it as parent is an alias for agents. */
const SERVER_PATH = '/spire/server';
/** Where agents have their IDs. */
const AGENT_PATH = '/spire/agent/';

export function toKnownEntry(wire: Entry): KnownEntry {
  return {
    id: wire.id,
    spiffeId: idText(wire.spiffeId),
    parentId: idText(wire.parentId),
    selectors: wire.selectors,
    isNodeAlias: wire.parentId?.path === SERVER_PATH,
    wire,
  };
}

/** `spiffe://...`, or what stands in for an ID that a server left out. */
export function idText(id: SPIFFEID | undefined): string {
  return id === undefined ? '(none)' : `spiffe://${id.trustDomain}${id.path}`;
}

/** Whether the text looks like the ID of an agent. */
export function isAgentId(spiffeId: string): boolean {
  return spiffeId
    .slice('spiffe://'.length)
    .replace(/^[^/]*/, '')
    .startsWith(AGENT_PATH);
}

/** The selectors of an entry that are not among those given, as texts. */
export function hasAll(have: ReadonlySet<string>, selectors: readonly Selector[]): boolean {
  return selectors.every((selector) => have.has(formatSelector(selector)));
}

/** A time past which the server removes the entry has come. */
export function hasExpired({ wire }: KnownEntry, nowMs: number): boolean {
  return wire.expiresAt !== 0n && Number(wire.expiresAt) * 1000 <= nowMs;
}
