import type { Selector } from '../spiffe/selector.ts';
import type { Have } from './have.ts';
import { hasExpired, type KnownEntry } from './known-entry.ts';
import type { Obstacle } from './obstacle.ts';
import { findParentGap, type ParentView } from './parent-gap.ts';
import { findContradiction, findSelectorGap } from './selector-gap.ts';

/** An entry with all that keeps it from giving its SPIFFE ID to the workload, what weighs most first; none if it does. */
export interface NearEntry {
  readonly entry: KnownEntry;
  readonly obstacles: readonly Obstacle[];
  /** What it demands and the workload has. */
  readonly met: readonly Selector[];
  /** How far it is from matching; entries are listed by it. */
  readonly distance: number;
}

/** What entries are judged by. */
export interface EntryView extends ParentView {
  readonly have: Have;
}

/** Judges one entry. */
export function judgeEntry(entry: KnownEntry, view: EntryView): NearEntry {
  const { have, showAll } = view;
  const gaps = entry.selectors.flatMap((selector) => findSelectorGap(selector, have) ?? []);
  const missing = new Set(gaps.map(({ selector }) => selector));
  const met = entry.selectors.filter((selector) => !missing.has(selector));
  const contradiction = findContradiction(entry.selectors, showAll);
  // What can never match need not be compared with who asks.
  const fromSelectors = contradiction === undefined ? gaps.toSorted((a, b) => b.cost - a.cost) : [contradiction];
  const obstacles = [
    ...(hasExpired(entry, view.nowMs) ? [expiry(entry)] : []),
    ...(entry.wire.storeSvid ? [stored()] : []),
    ...(entry.selectors.length === 0 ? [withoutSelectors()] : []),
    ...[findParentGap(entry, view) ?? []].flat(),
    ...fromSelectors,
  ];
  // Of two selectors one is nearer than of one none.
  const own = contradiction === undefined ? gaps.reduce((sum, { cost }) => sum + cost, 0) / entry.selectors.length : 0;
  const others = obstacles.filter((obstacle) => !gaps.includes(obstacle)).reduce((sum, { cost }) => sum + cost, 0);
  return { entry, obstacles, met, distance: (entry.selectors.length === 0 ? 0 : own) + others };
}

/** The nearest first; of those that are as near the newest, which is likely to be what somebody just tried. */
export function compareNearness(a: NearEntry, b: NearEntry): number {
  return (
    a.distance - b.distance ||
    b.met.length - a.met.length ||
    Number(b.entry.wire.createdAt - a.entry.wire.createdAt) ||
    (a.entry.id < b.entry.id ? -1 : 1)
  );
}

/** From here on an entry is for somebody else. */
const FAR = 0.75;
/** From here on it has nothing to do with the workload. */
const NOTHING_IN_COMMON = 1;

/** Whether an entry is worth showing: it matches in part, or very nearly. */
export function isNear({ distance, met }: NearEntry): boolean {
  return distance < FAR || met.length > 0;
}

/** Whether an entry has nothing to do with the workload, so that not even the nearest one explains anything. */
export function isUnrelated({ distance, met }: NearEntry): boolean {
  return distance >= NOTHING_IN_COMMON && met.length === 0;
}

function expiry({ wire }: KnownEntry): Obstacle {
  const at =
    wire.expiresAt > 0n && wire.expiresAt < 8_640_000_000_000n ? new Date(Number(wire.expiresAt) * 1000) : undefined;
  return {
    code: 'SPK-2450',
    message: `it has expired${at === undefined ? '' : ` at ${at.toISOString()}`}; servers remove such entries within minutes`,
    cost: 0.2,
    change: { kind: 'expiry' },
  };
}

function stored(): Obstacle {
  return {
    code: 'SPK-2451',
    message: 'its SVIDs go to an SVIDStore plugin of the agent (-storeSVID), never to the Workload API',
    cost: 0.2,
    change: { kind: 'store' },
  };
}

function withoutSelectors(): Obstacle {
  return { code: 'SPK-2453', message: 'it has no selectors, so it fits nobody', cost: 0.4 };
}
