import { editDistance } from '../runtime/edit-distance.ts';
import { formatSelector } from '../spiffe/selector.ts';
import type { ServerAgent } from './facts.ts';
import { hasExpired, isAgentId, type KnownEntry } from './known-entry.ts';
import type { Obstacle } from './obstacle.ts';
import type { Reach } from './reach.ts';
import { showSelector } from './shown-selectors.ts';

/** What the way from an entry up to an agent is judged by. */
export interface ParentView {
  readonly reach: Reach;
  /** The agents in question: one, unless nothing tells which. */
  readonly agents: readonly ServerAgent[];
  readonly trustDomain: string;
  /** The best parent for an entry that is to reach the agent. */
  readonly goodParent: string | undefined;
  readonly parents: ReadonlyMap<string, ServerAgent | undefined>;
  readonly nowMs: number;
  readonly showAll: boolean;
}

/** More IDs are not compared letter by letter. */
const MOST_COMPARED = 20_000;
const LONGEST_COMPARED = 256;

/** Why the entry leads to no agent here; undefined if it does. */
export function findParentGap(entry: KnownEntry, view: ParentView): Obstacle | undefined {
  if (view.reach.leadsTo(entry)) return undefined;
  const { goodParent } = view;
  const change = goodParent === undefined ? undefined : ({ kind: 'parent', to: goodParent } as const);
  const { code, message, remedy } = describe(entry, view);
  return { code, message, cost: 0.5, change, ...(remedy === undefined ? {} : { remedy }) };
}

type Description = Pick<Obstacle, 'code' | 'message' | 'remedy'>;

function describe(entry: KnownEntry, view: ParentView): Description {
  const { parentId } = entry;
  const { reach, trustDomain } = view;
  if (entry.isNodeAlias) {
    return {
      code: 'SPK-2443',
      message: `its parent is the server, so it is an alias of nodes and no workload gets it`,
    };
  }
  if (!parentId.startsWith(`spiffe://${trustDomain}/`)) {
    return { code: 'SPK-2446', message: `its parent ${parentId} is not of the trust domain ${trustDomain}` };
  }
  if (isAgentId(parentId)) return describeAgent(parentId, view);
  const above = reach.entriesOf(parentId);
  if (above.length === 0) return describeNobody(parentId, view);
  const expired = above.find((each) => hasExpired(each, view.nowMs));
  if (expired !== undefined) {
    return { code: 'SPK-2447', message: `its parent ${parentId} is given by entry ${expired.id}, which has expired` };
  }
  const aliases = above.filter(({ isNodeAlias }) => isNodeAlias);
  if (aliases.length > 0) return describeAlias(parentId, aliases, view);
  const { passed, isCircle } = reach.climb(parentId);
  if (isCircle || passed.includes(entry.spiffeId)) {
    return {
      code: 'SPK-2445',
      message: `its parents lead in a circle (${[entry.spiffeId, ...passed].slice(0, 5).join(' below ')}), never to an agent`,
    };
  }
  const top = passed.at(-1) ?? parentId;
  return {
    code: 'SPK-2444',
    message: `its parent ${parentId} is given by another entry, but the way up from there ends at ${top}, not at ${ofAgents(view)}`,
  };
}

function describeAgent(parentId: string, view: ParentView): Description {
  const known = view.parents.get(parentId);
  if (view.parents.has(parentId) && known === undefined) {
    return { code: 'SPK-2441', message: `its parent ${parentId} is an agent that the server does not know (any more)` };
  }
  const state = known?.isBanned
    ? ', which is banned'
    : known && known.expiresAtMs <= view.nowMs
      ? ', which has expired'
      : '';
  return {
    code: 'SPK-2440',
    message: `its parent is another agent, ${parentId}${state}; the one here is ${ofAgents(view)}`,
  };
}

function describeNobody(parentId: string, view: ParentView): Description {
  const ids = [...view.agents.map(({ id }) => id), ...view.reach.spiffeIds];
  const near = nearestId(parentId, ids);
  const guess = near === undefined ? '' : `; ${near} is near`;
  return {
    code: 'SPK-2442',
    message: `its parent ${parentId} is neither an agent nor given by any entry${guess}`,
    ...(view.goodParent === undefined
      ? { remedy: 'Name an agent of `spirekit agent list` as parent, or an alias of it.' }
      : {}),
  };
}

function describeAlias(parentId: string, aliases: readonly KnownEntry[], view: ParentView): Description {
  const have = new Set(view.agents.flatMap(({ selectors }) => selectors.map(formatSelector)));
  const missing = (aliases[0]?.selectors ?? []).filter((selector) => !have.has(formatSelector(selector)));
  const what = missing.map((selector) => showSelector(selector, view.showAll)).join(', ');
  const count = have.size === 0 ? 'it has no selectors at all' : `it has ${have.size} others`;
  return {
    code: 'SPK-2448',
    message: `its parent ${parentId} is an alias of nodes with ${what === '' ? 'other selectors' : what}, which ${ofAgents(view)} is not (${count})`,
  };
}

function ofAgents({ agents }: ParentView): string {
  const [first] = agents;
  if (first === undefined) return 'this agent';
  return agents.length === 1 ? first.id : `one of the ${agents.length} agents`;
}

/** The ID that differs least, if it is near enough to be a slip of the hand. */
export function nearestId(wanted: string, ids: Iterable<string>): string | undefined {
  const text = wanted.slice(0, LONGEST_COMPARED);
  const limit = Math.max(2, Math.floor(text.replace(/^spiffe:\/\/[^/]*/, '').length / 4));
  let nearest: { readonly id: string; readonly distance: number } | undefined;
  let compared = 0;
  for (const id of ids) {
    const isTooFar = Math.abs(id.length - wanted.length) > limit || id === wanted;
    if (isTooFar) continue;
    compared += 1;
    if (compared > MOST_COMPARED) break;
    // Most differ early: the letters that both begin with need no table.
    const distance = editDistance(...withoutCommonEnds(text, id.slice(0, LONGEST_COMPARED)));
    if (distance <= limit && distance < (nearest?.distance ?? Number.POSITIVE_INFINITY)) nearest = { id, distance };
  }
  return nearest?.id;
}

function withoutCommonEnds(a: string, b: string): [string, string] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}
