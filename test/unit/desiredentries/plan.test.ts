import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DesiredEntry, DesiredState } from '../../../src/lib/desiredentries/desired-entry.ts';
import { entryKey, fieldChanges } from '../../../src/lib/desiredentries/entry-fields.ts';
import { ownedId, parseOwnerPrefix } from '../../../src/lib/desiredentries/owner.ts';
import {
  changesAnything,
  conflictsOf,
  makePlan,
  type Plan,
  type PlanOptions,
} from '../../../src/lib/desiredentries/plan.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { wiredEntries } from './arbitraries.ts';
import { EntryStore } from './entry-store.ts';

const owner = parseOwnerPrefix('team.');
const at = (line: number) => ({ file: 'f', line, column: 1 });
const desired = (...entries: readonly Entry[]): DesiredState => ({
  entries: entries.map((entry, index): DesiredEntry => ({ entry, place: at(index + 1) })),
  unwanted: [],
  classNames: [],
});

function optionsOf(more: Partial<PlanOptions> = {}): PlanOptions {
  let made = 0;
  return { trustDomain: 'example.org', prune: false, makeId: () => `random-${made++}`, ...more };
}

const entry = (path: string, more: Partial<Entry> = {}): Entry =>
  Entry.create({
    spiffeId: { trustDomain: 'example.org', path },
    parentId: { trustDomain: 'example.org', path: '/host' },
    selectors: [{ type: 'unix', value: 'uid:1' }],
    ...more,
  });

/** Undefined where a change by ID would make two entries the same. */
function planOrDouble(wanted: readonly Entry[], held: readonly Entry[], options: PlanOptions): Plan | undefined {
  try {
    return makePlan(desired(...wanted), held, options);
  } catch (error) {
    const [, id = ''] = /would become the same as entry (\S+), which/.exec(String(error)) ?? [];
    const other = held.find((each) => each.id === id);
    expect(wanted.map(entryKey)).toContain(other === undefined ? '' : entryKey(other));
    return undefined;
  }
}

/** Carries a plan out on a naive store, in the order of `applyPlan`. */
function carryOut(plan: Plan, store: EntryStore): void {
  for (const { entry: each } of plan.added.filter(({ isLate }) => !isLate))
    expect(store.create(each).status.code).toBe(0);
  for (const { after } of plan.changed) expect(store.update(after, undefined).status.code).toBe(0);
  for (const { entry: each } of plan.added.filter(({ isLate }) => isLate))
    expect(store.create(each).status.code).toBe(0);
  for (const { before } of plan.removed) expect(store.remove(before.id).status.code).toBe(0);
}

/** What a server may hold, under IDs of two owners and of nobody; and what files want, some under IDs. */
const worlds = fc
  .record({
    held: fc.uniqueArray(wiredEntries, { maxLength: 8, selector: entryKey }),
    wanted: fc.uniqueArray(wiredEntries, { maxLength: 8, selector: entryKey }),
    heldIds: fc.array(fc.constantFrom('own', 'made', 'other', 'none'), { minLength: 8, maxLength: 8 }),
    wantedIds: fc.array(fc.constantFrom('', '', '', 'team.0', 'team.1', 'team.2', 'team.9'), {
      minLength: 8,
      maxLength: 8,
    }),
    hasOwner: fc.boolean(),
    prune: fc.boolean(),
  })
  .map(({ held, wanted, heldIds, wantedIds, hasOwner, prune }) => {
    const idOf = (each: Entry, index: number): string => {
      switch (heldIds[index]) {
        case 'own':
          return `team.${index}`;
        case 'made':
          return ownedId(owner, entryKey(each));
        case 'other':
          return `other.${index}`;
        default:
          return `none-${index}`;
      }
    };
    const used = new Set<string>();
    const withIds = wanted.map((each, index) => {
      const id = wantedIds[index] ?? '';
      if (id === '' || used.has(id)) return each;
      used.add(id);
      return { ...each, id };
    });
    return {
      held: held.map((each, index) => ({ ...each, id: idOf(each, index) })),
      wanted: withIds,
      options: optionsOf(hasOwner ? { owner, prune } : {}),
    };
  });

describe('makePlan', () => {
  it('makes plans after which, once carried out, nothing is left to do', () => {
    fc.assert(
      fc.property(worlds, ({ held, wanted, options }) => {
        const store = new EntryStore(held);
        const plan = planOrDouble(wanted, held, options);
        if (plan === undefined) return;
        carryOut(plan, store);
        const again = makePlan(desired(...wanted), [...store.entries.values()], optionsOf(options));
        expect(changesAnything(again)).toBe(false);
        expect(again.foreign.length).toBe(plan.foreign.length);
        // Each wanted entry is there with its fields, or another owner's stands in its way.
        const conflicts = new Set(conflictsOf(plan).map(({ place }) => place.line - 1));
        for (const [index, each] of wanted.entries()) {
          const found = [...store.entries.values()].filter((other) => entryKey(other) === entryKey(each));
          expect(found).toHaveLength(1);
          if (!conflicts.has(index)) expect(fieldChanges(found[0] as Entry, each)).toEqual([]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('touches nothing that is not the owner’s, and removes only when asked to prune', () => {
    fc.assert(
      fc.property(worlds, ({ held, wanted, options }) => {
        const store = new EntryStore(held);
        const plan = planOrDouble(wanted, held, options);
        if (plan === undefined) return;
        carryOut(plan, store);
        for (const before of held) {
          if (options.owner !== undefined && !before.id.startsWith(options.owner)) {
            expect(store.entries.get(before.id)).toEqual(before);
          }
          if (!options.prune) expect(store.entries.has(before.id)).toBe(true);
        }
        if (options.owner !== undefined) for (const { entry: each } of plan.added) expect(each.id).toMatch(/^team\./);
        if (options.prune) {
          const keys = new Set(wanted.map(entryKey));
          const own = [...store.entries.values()].filter(({ id }) => id.startsWith(owner));
          expect(own.filter((each) => !keys.has(entryKey(each)))).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses to make two entries the same', () => {
    const held = [entry('/a', { id: 'one' }), entry('/b', { id: 'two' })];
    expect(() => makePlan(desired(entry('/b', { id: 'one' })), held, optionsOf())).toThrow(
      'f:1:1: entry one would become the same as entry two, which is there and stays',
    );
  });

  it('means the entry with the ID that a file gives, before any with the same key', () => {
    const held = [entry('/a', { id: 'one' }), entry('/b', { id: 'two' })];
    const plan = makePlan(desired(entry('/b', { id: 'one' }), entry('/a', { id: 'two' })), held, optionsOf());
    expect(plan.changed.map(({ before, after }) => [before.id, after.spiffeId?.path])).toEqual([
      ['one', '/b'],
      ['two', '/a'],
    ]);
    expect(plan.added).toEqual([]);
  });

  it('adds late what has the key of an entry that is changed first', () => {
    const held = [entry('/a', { id: 'one' })];
    const plan = makePlan(desired(entry('/b', { id: 'one' }), entry('/a')), held, optionsOf());
    expect(plan.added.map(({ entry: each, isLate }) => [each.id, isLate])).toEqual([['random-0', true]]);
  });

  it('lets an entry keep its ID if a file gives the same one another', () => {
    const plan = makePlan(desired(entry('/a', { id: 'new', hint: 'h' })), [entry('/a', { id: 'old' })], optionsOf());
    expect(plan.changed.map(({ after }) => [after.id, after.hint])).toEqual([['old', 'h']]);
  });

  it('tells of entries of another owner, and whether they are as they are wanted', () => {
    const held = [entry('/a', { id: 'other.1' }), entry('/b', { id: 'other.2' })];
    const plan = makePlan(desired(entry('/a'), entry('/b', { hint: 'h' })), held, optionsOf({ owner, prune: true }));
    expect(changesAnything(plan)).toBe(false);
    expect(plan.foreign.map(({ existing, changes }) => [existing.id, changes.map(({ field }) => field.name)])).toEqual([
      ['other.1', []],
      ['other.2', ['hint']],
    ]);
    expect(conflictsOf(plan)).toHaveLength(1);
  });

  it('finds no difference in the order of selectors, empty attributes or how trust domains are written', () => {
    const selectors = [
      { type: 'a', value: '1' },
      { type: 'b', value: '2' },
    ];
    const held = entry('/a', {
      id: 'x',
      selectors,
      federatesWith: ['spiffe://far.example', 'near.example'],
      additionalAttributes: { disableX509SvidPrefetch: false, jwtSvidIncludeJti: false },
    });
    const wanted = entry('/a', { selectors: selectors.toReversed(), federatesWith: ['near.example', 'far.example'] });
    expect(changesAnything(makePlan(desired(wanted), [held], optionsOf()))).toBe(false);
  });

  it.each([
    [
      'the same ID twice',
      desired(entry('/a', { id: 'x' }), entry('/b', { id: 'x' })),
      {},
      'f:2:1: entry x is also at f:1:1',
    ],
    [
      'the same key twice',
      desired(entry('/a'), entry('/a', { id: 'x' })),
      {},
      'f:2:1: spiffe://example.org/a with the same parent and selectors is also at f:1:1',
    ],
    [
      'another trust domain',
      desired(entry('/a')),
      { trustDomain: 'far.example' },
      "f:1:1: spiffe://example.org/a is not of the server's trust domain far.example",
    ],
    [
      'an ID that is not of the owner',
      desired(entry('/a', { id: 'x' })),
      { owner },
      'f:1:1: the ID x does not begin with that of the owner, team.',
    ],
    [
      'what is wanted and unwanted',
      { ...desired(entry('/a', { id: 'x' })), unwanted: [{ id: 'x', place: at(9) }] },
      {},
      'f:9:1: entry x is to go, and to be there as well',
    ],
    [
      'unwanted entries of others',
      { ...desired(), unwanted: [{ id: 'x', place: at(9) }] },
      { owner },
      'f:9:1: the ID x does not begin with that of the owner, team.',
    ],
  ] as const)('refuses %s', (_, state, options, message) => {
    const held = [entry('/a', { id: 'x' })];
    expect(() => makePlan(state, held, optionsOf(options))).toThrow(expect.objectContaining({ message }));
  });
});
