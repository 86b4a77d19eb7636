import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import type { DatastoreChange } from '../../../../src/lib/server/datastore/change-events.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import { type ItemOutcome, outcomeOf } from '../../../../src/lib/server/datastore/item-outcome.ts';
import type { RegistrationEntry, RegistrationEntryField } from '../../../../src/lib/spiffe/registration-entry.ts';
import { parseSelector } from '../../../../src/lib/spiffe/selector.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import type { ManualClock } from '../../../support/manual-clock.ts';
import { makeEntry } from './samples.ts';

/** Outcomes as they can be compared: values, and errors by what a caller learns of them. */
type Told<T> = { value: T } | { code: string; message: string };

/** What every datastore must do with batches of entries: what it does with their items one after the other. */
export function describeEntryBatches(open: () => Promise<{ store: DataStore; clock: ManualClock }>): void {
  describe('batches of entries', () => {
    let store: DataStore;
    let changes: DatastoreChange[];

    beforeEach(async () => {
      ({ store } = await open());
      changes = [];
      store.changes.subscribe((change) => changes.push(change));
    });
    afterEach(() => store[Symbol.asyncDispose]());

    test('each item of a create has its own outcome, and what comes later sees what came before', async () => {
      await store.bundles.setBundle(emptyBundle('far.org'));
      changes.length = 0;
      const outcomes = await store.entries.createEntries([
        makeEntry({ path: '/a', id: 'a' }),
        makeEntry({ path: '/b', selectors: [] }),
        makeEntry({ path: '/a', id: 'again' }),
        makeEntry({ path: '/c', id: 'a' }),
        makeEntry({ path: '/d', id: 'd', federatesWith: [TrustDomain.parse('absent.org')] }),
        makeEntry({ path: '/e', id: 'e', federatesWith: [TrustDomain.parse('far.org')] }),
        makeEntry({ path: '/f', selectors: ['a:1', 'a:1'].map(parseSelector) }),
      ]);
      const told = outcomes
        .map(tell)
        .map((each) => ('value' in each ? `${each.value.entry.id} ${each.value.created}` : each.code));
      expect(told).toEqual([
        'a true',
        'invalid-argument',
        'a false',
        'already-exists',
        'failed-precondition',
        'e true',
        'already-exists',
      ]);
      expect(changes.map((change) => (change.kind === 'entry' ? change.entryId : change.kind))).toEqual(['a', 'e']);
      expect((await store.entries.listEntries({})).items.map(({ id }) => id)).toEqual(['a', 'e']);
    });

    test('a batch of thousands is stored in its order, found by its parts, updated and deleted', async () => {
      const count = 3001;
      const wanted = Array.from({ length: count }, (_, index) =>
        makeEntry({ id: `e${index}`, path: `/${index}`, selectors: [`n:${index}`, 'all:x'].map(parseSelector) }),
      );
      const created = (await store.entries.createEntries(wanted)).map(valueIn);
      expect(created.every((each) => each.created)).toBe(true);
      expect((await store.entries.listEntries({})).items).toEqual(created.map(({ entry }) => entry));
      const bySelector = (selector: string) => ({
        selectors: { match: 'any' as const, values: [parseSelector(selector)] },
      });
      expect(await store.entries.countEntries(bySelector('n:2999'))).toBe(1);
      expect(await store.entries.countEntries(bySelector('all:x'))).toBe(count);
      const renewed = wanted.map((entry) => ({ entry: { ...entry, selectors: [parseSelector('all:y')] } }));
      const updated = (await store.entries.updateEntries(renewed)).map(valueIn);
      expect(updated.every(({ revisionNumber }) => revisionNumber === 1n)).toBe(true);
      expect(await store.entries.countEntries(bySelector('all:x'))).toBe(0);
      expect(await store.entries.countEntries(bySelector('all:y'))).toBe(count);
      const deleted = (await store.entries.deleteEntries(wanted.map(({ id }) => id))).map(valueIn);
      expect(deleted).toEqual(updated);
      expect(await store.entries.countEntries({})).toBe(0);
      expect(changes).toHaveLength(3 * count);
    });

    test('a batch does what its items do one after the other', { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 8 }), async (operations) => {
          const together = await open();
          const alone = await open();
          try {
            for (const { store } of [together, alone]) await store.bundles.setBundle(emptyBundle('far.org'));
            for (const { kind, entries, fields } of operations) {
              const [many, single] = await Promise.all([
                runTogether(together.store, kind, entries, fields),
                runAlone(alone.store, kind, entries, fields),
              ]);
              expect(many).toEqual(single);
            }
            const [left, right] = await Promise.all(
              [together, alone].map(({ store }) => store.entries.listEntries({})),
            );
            expect(left?.items).toEqual(right?.items);
          } finally {
            await together.store[Symbol.asyncDispose]();
            await alone.store[Symbol.asyncDispose]();
          }
        }),
        { numRuns: 15 },
      );
    });

    test('an empty batch has no outcomes', async () => {
      expect(await store.entries.createEntries([])).toEqual([]);
      expect(await store.entries.updateEntries([])).toEqual([]);
      expect(await store.entries.deleteEntries([])).toEqual([]);
      expect(changes).toEqual([]);
    });
  });
}

const entry = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'no/id'),
    path: fc.constantFrom('/1', '/2', '/3'),
    selectors: fc.array(fc.constantFrom('a:1', 'b:2').map(parseSelector), { maxLength: 2 }),
    hint: fc.constantFrom('', 'h'),
    federatesWith: fc.array(fc.constantFrom('far.org', 'absent.org').map(TrustDomain.parse), { maxLength: 1 }),
  })
  .map(makeEntry);

const operation = fc.record({
  kind: fc.constantFrom('create' as const, 'update' as const, 'delete' as const),
  entries: fc.array(entry, { maxLength: 6 }),
  fields: fc.option(fc.constantFrom<ReadonlySet<RegistrationEntryField>>(new Set(['hint']), new Set(['selectors'])), {
    nil: undefined,
  }),
});

type Kind = 'create' | 'update' | 'delete';
type Fields = ReadonlySet<RegistrationEntryField> | undefined;

async function runTogether({ entries: store }: DataStore, kind: Kind, entries: RegistrationEntry[], fields: Fields) {
  switch (kind) {
    case 'create':
      return (await store.createEntries(entries)).map(tell);
    case 'update':
      return (await store.updateEntries(entries.map((each) => ({ entry: each, fields })))).map(tell);
    case 'delete':
      return (await store.deleteEntries(entries.map(({ id }) => id))).map(tell);
  }
}

async function runAlone({ entries: store }: DataStore, kind: Kind, entries: RegistrationEntry[], fields: Fields) {
  const told: Told<unknown>[] = [];
  for (const each of entries) {
    const run: Record<Kind, () => Promise<unknown>> = {
      create: () => store.createEntry(each),
      update: () => store.updateEntry(each, fields),
      delete: () => store.deleteEntry(each.id),
    };
    told.push(
      await run[kind]().then(
        (value) => tell({ ok: true, value }),
        (error: unknown) =>
          tell(
            outcomeOf(() => {
              throw error;
            }),
          ),
      ),
    );
  }
  return told;
}

function tell<T>(outcome: ItemOutcome<T>): Told<T> {
  return outcome.ok ? { value: outcome.value } : { code: outcome.error.code, message: outcome.error.message };
}

function valueIn<T>(outcome: ItemOutcome<T>): T {
  if (!outcome.ok) throw new SpirekitError('internal', outcome.error.message, { cause: outcome.error });
  return outcome.value;
}

function emptyBundle(name: string) {
  return {
    trustDomain: TrustDomain.parse(name),
    x509Authorities: [],
    jwtAuthorities: [],
    witAuthorities: [],
    refreshHintSeconds: 0,
    sequenceNumber: 0n,
  };
}
