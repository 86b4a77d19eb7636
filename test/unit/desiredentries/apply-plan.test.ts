import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyPlan, refusalsOf } from '../../../src/lib/desiredentries/apply-plan.ts';
import { entryKey, fieldChanges } from '../../../src/lib/desiredentries/entry-fields.ts';
import { parseOwnerPrefix } from '../../../src/lib/desiredentries/owner.ts';
import { makePlan, type Plan } from '../../../src/lib/desiredentries/plan.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { CommandHarness } from '../commands/command-harness.ts';
import { wiredEntries } from './arbitraries.ts';
import { EntryStore } from './entry-store.ts';

let store = new EntryStore();
let harness: CommandHarness;
let rpc: RpcClient;

beforeAll(async () => {
  harness = await CommandHarness.open((add) => {
    const now = () => store.service();
    add(EntryDefinition, {
      batchCreateEntry: (request, call) => now().batchCreateEntry?.(request, call) ?? Promise.reject(new Error('no')),
      batchUpdateEntry: (request, call) => now().batchUpdateEntry?.(request, call) ?? Promise.reject(new Error('no')),
      batchDeleteEntry: (request, call) => now().batchDeleteEntry?.(request, call) ?? Promise.reject(new Error('no')),
      listEntries: (request, call) => now().listEntries?.(request, call) ?? Promise.reject(new Error('no')),
    });
  });
  rpc = new RpcClient({ kind: 'unix', path: harness.socketPath });
});
afterAll(async () => {
  await rpc.close();
  await harness[Symbol.asyncDispose]();
});

const owner = parseOwnerPrefix('team.');
const entry = (path: string, more: Partial<Entry> = {}): Entry =>
  Entry.create({
    spiffeId: { trustDomain: 'example.org', path },
    parentId: { trustDomain: 'example.org', path: '/host' },
    selectors: [{ type: 'unix', value: 'uid:1' }],
    ...more,
  });

function planFor(wanted: readonly Entry[]): Plan {
  let made = 0;
  const entries = wanted.map((each, index) => ({ entry: each, place: { file: 'f', line: index + 1, column: 1 } }));
  return makePlan({ entries, unwanted: [], classNames: [] }, [...store.entries.values()], {
    trustDomain: 'example.org',
    owner,
    prune: true,
    makeId: () => `random-${made++}`,
  });
}

const apply = (plan: Plan) => applyPlan(rpc, plan, { clock: harness.clock, signal: new AbortController().signal });

describe('applyPlan', () => {
  it('F32: stopped after any change and run again, it ends in the same state, nothing doubled and nothing lost', async () => {
    const states = fc.uniqueArray(wiredEntries, { maxLength: 6, selector: entryKey });
    const stops = fc.array(fc.nat({ max: 6 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(states, states, stops, async (held, wanted, budgets) => {
        store = new EntryStore(held.map((each, index) => ({ ...each, id: `team.${index}` })));
        for (const budget of budgets) {
          let left = budget;
          store.beforeChange = () => {
            if (left === 0) throw new RpcError(RpcCode.internal, 'stopped');
            left -= 1;
          };
          await apply(planFor(wanted)).catch((error: unknown) => expect(error).toMatchObject({ code: 'internal' }));
        }
        store.beforeChange = () => {};
        const report = await apply(planFor(wanted));
        expect(refusalsOf(report)).toEqual([]);
        const found = new Map([...store.entries.values()].map((each) => [entryKey(each), each]));
        expect(found.size).toBe(store.entries.size);
        expect([...found.keys()].sort()).toEqual(wanted.map(entryKey).sort());
        for (const each of wanted) expect(fieldChanges(found.get(entryKey(each)) ?? Entry.create(), each)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('names only fields that differ, so that what others change meanwhile stays', async () => {
    store = new EntryStore([entry('/a', { id: 'team.a', hint: 'old' }), entry('/b', { id: 'team.b', x509SvidTtl: 1 })]);
    const report = await apply(planFor([entry('/a', { hint: 'new' }), entry('/b', { x509SvidTtl: 2 })]));
    expect(refusalsOf(report)).toEqual([]);
    expect(store.masks).toEqual([['hint'], ['x509SvidTtl']]);
  });

  it('leaves alone what somebody else has changed since it was planned', async () => {
    store = new EntryStore([
      entry('/a', { id: 'team.a' }),
      entry('/b', { id: 'team.b' }),
      entry('/c', { id: 'team.c' }),
    ]);
    const plan = planFor([entry('/a', { hint: 'x' }), entry('/c', { hint: 'x' }), entry('/d')]);
    store.update(entry('/a', { id: 'team.a', admin: true }), undefined);
    store.update(entry('/b', { id: 'team.b', admin: true }), undefined);
    store.remove('team.c');
    const report = await apply(plan);
    expect(refusalsOf(report).map(({ action, entryId, refusal }) => [action, entryId, refusal])).toEqual([
      ['change', 'team.a', 'somebody else has changed it since it was planned (revision 0, now 1): plan again'],
      ['change', 'team.c', 'somebody else has deleted it since it was planned: plan again'],
      ['remove', 'team.b', 'somebody else has changed it since it was planned (revision 0, now 1): plan again'],
    ]);
    expect([...store.entries.values()].map(({ spiffeId }) => spiffeId?.path).sort()).toEqual(['/a', '/b', '/d']);
  });

  it('does everything else when the server refuses something, and tells where that stands', async () => {
    store = new EntryStore([entry('/old', { id: 'team.old' })]);
    const bad = entry('/bad', { id: 'team.bad' });
    store.refusals.set('team.bad', 'no');
    const report = await apply(planFor([entry('/good'), bad]));
    expect(refusalsOf(report)).toMatchObject([
      { action: 'add', spiffeId: 'spiffe://example.org/bad', place: { line: 2 }, refusal: 'InvalidArgument: no' },
    ]);
    expect([...store.entries.values()].map(({ spiffeId }) => spiffeId?.path)).toEqual(['/good']);
  });

  it('counts an entry as done that another run has made meanwhile as it was wanted, and no other', async () => {
    store = new EntryStore();
    const plan = planFor([entry('/a'), entry('/b')]);
    store.create(entry('/a', { id: 'elsewhere' }));
    store.create(entry('/b', { id: 'else', hint: 'x' }));
    const report = await apply(plan);
    expect(refusalsOf(report).map(({ spiffeId, refusal }) => [spiffeId, refusal])).toEqual([
      ['spiffe://example.org/b', 'entry else is there already, with another hint'],
    ]);
  });
});
