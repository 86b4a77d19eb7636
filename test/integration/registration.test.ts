import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { RpcError } from '../../src/lib/rpc/status.ts';
import { AgentDefinition, CreateJoinTokenRequest } from '../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { BundleDefinition } from '../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { EntryDefinition, ListEntriesRequest } from '../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Bundle } from '../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry, EntryMask } from '../../src/lib/wire/gen/spire/api/types/entry.ts';
import { Deployment } from '../support/deployment.ts';
import { findRealSpire } from '../support/programs.ts';

/** One call of the registration API; the same for both servers. */
type Step = (client: RpcClient) => Promise<unknown>;

const STEPS = 600;

describe('the registration API', () => {
  it('answers any sequence of calls as a real server does', { timeout: 300_000 }, async ({ skip }) => {
    const daemons = findRealSpire();
    if (daemons === undefined) return skip('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
    await using real = await Deployment.open({ daemons });
    await using own = await Deployment.open();
    await using realClient = new RpcClient({ kind: 'unix', path: real.serverSocket });
    await using ownClient = new RpcClient({ kind: 'unix', path: own.serverSocket });
    const [realNames, ownNames] = [new Names(), new Names()];
    for (const [index, [what, step]] of fc.sample(anyStep, { numRuns: STEPS, seed: 20_301 }).entries()) {
      const expected = realNames.describe(await outcome(step, realClient));
      const actual = ownNames.describe(await outcome(step, ownClient));
      expect(actual, `step ${index}: ${what}`).toEqual(expected);
    }
  });
});

async function outcome(step: Step, client: RpcClient): Promise<unknown> {
  try {
    return await step(client);
  } catch (error) {
    if (error instanceof RpcError) return { error: error.message };
    throw error;
  }
}

/** Makes answers comparable: ids that a server made up are numbered, times are dropped. */
class Names {
  readonly #numbers = new Map<string, number>();

  describe(value: unknown): unknown {
    if (typeof value === 'string') return /^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(value) ? this.#number(value) : value;
    if (Array.isArray(value)) return value.map((item) => this.describe(item));
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    const members = Object.entries(value).filter(([key, member]) => member !== undefined && key !== 'createdAt');
    return Object.fromEntries(members.map(([key, member]) => [key, this.describe(member)]));
  }

  #number(id: string): string {
    const number = this.#numbers.get(id) ?? this.#numbers.size;
    this.#numbers.set(id, number);
    return `made up ${number}`;
  }
}

const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const trustDomainName = mostly(fc.constant('example.org'), fc.constantFrom('far.org', 'Bad!', ''));
const idOf = (...paths: string[]) =>
  fc.record({
    trustDomain: trustDomainName,
    path: mostly(
      fc.constantFrom(...paths),
      fc.constantFrom('', '/spire/agent/x', '/spire', '/spirex', 'rel', '/a//b', '/..'),
    ),
  });
const selectorPool = [
  { type: 'u', value: '1' },
  { type: 'u', value: '2' },
  { type: 'v', value: '1' },
  { type: 'v', value: '2:3' },
];
const selectors = mostly(
  fc.subarray(selectorPool, { minLength: 1 }),
  fc.constantFrom<{ type: string; value: string }[]>(
    [],
    [{ type: '', value: 'x' }],
    [{ type: 'a:b', value: 'x' }],
    [{ type: 'a', value: '' }],
    [
      { type: 'u', value: '1' },
      { type: 'u', value: '1' },
    ],
  ),
);
const dnsName = fc.constantFrom(
  'a.b',
  'x',
  '*.w.c',
  'UPPER.case',
  'xn--bcher-kva.de',
  '1.2.3.4',
  '*',
  'a.*',
  'bad.',
  '-x',
  'é',
  'a..b',
  ' ',
);
const federated = fc.constantFrom('far.org', 'near.org', 'absent.org', 'BAD');
const entryId = fc.constantFrom('', 'e1', 'e2', 'e3', 'e4', 'x y', 'absent');
const mask = maybe(
  fc
    .subarray(Object.keys(EntryMask.create()))
    .map((fields) => EntryMask.fromPartial(Object.fromEntries(fields.map((field) => [field, true])))),
);

/** SPIRE lets a masked update set storeSvid without a look at the selectors; ours looks. */
const inputMask = mask.map((value) => value && { ...value, storeSvid: value.storeSvid && value.selectors });

const entry = fc
  .record({
    id: entryId,
    spiffeId: maybe(idOf('/a', '/b', '/c')),
    parentId: maybe(idOf('/a', '/b', '/spire/server', '/spire/agent/x509pop/1')),
    selectors,
    x509SvidTtl: fc.constantFrom(0, 60, -1, 2 ** 31 - 1),
    jwtSvidTtl: fc.constantFrom(0, 5, 0, -2),
    federatesWith: fc.array(federated, { maxLength: 2 }).map((names) => (names.length > 1 ? names : [])),
    admin: fc.boolean(),
    downstream: fc.boolean(),
    expiresAt: fc.constantFrom(0n, 4_000_000_000n),
    dnsNames: mostly(fc.constant<string[]>([]), fc.uniqueArray(dnsName, { maxLength: 2 })),
    storeSvid: mostly(fc.constant(false), fc.constant(true)),
    hint: fc.constantFrom('', 'h1', 'h2', 'x'.repeat(1025)),
    additionalAttributes: maybe(fc.record({ disableX509SvidPrefetch: fc.boolean(), jwtSvidIncludeJti: fc.boolean() })),
  })
  .map((fields) => Entry.fromPartial(fields));

const match = fc.constantFrom<0 | 1 | 2 | 3>(0, 1, 2, 3);
const filter = maybe(
  fc.record({
    bySpiffeId: maybe(idOf('/a', '/b', '/c')),
    byParentId: maybe(idOf('/a', '/b')),
    bySelectors: maybe(fc.record({ selectors: fc.subarray(selectorPool), match })),
    byFederatesWith: maybe(fc.record({ trustDomains: fc.array(federated, { maxLength: 2 }), match })),
    byHint: maybe(fc.constantFrom('', 'h1')),
    byDownstream: maybe(fc.boolean()),
  }),
);
/** With a filter SPIRE cuts its pages before it has filtered, so that they are short or end too early; ours do not. */
const listing = fc
  .record({
    filter,
    outputMask: mask,
    pageSize: fc.constantFrom(0, 0, 2, 3, 1000, -1),
    pageToken: fc.constantFrom('', '1', '3', 'x'),
  })
  .map((request) => ListEntriesRequest.fromPartial(request.filter ? { ...request, pageSize: 0 } : request));

const bundle = fc
  .record({
    trustDomain: fc.constantFrom('far.org', 'near.org', 'example.org', 'BAD', ''),
    refreshHint: fc.bigInt({ min: 0n, max: 3n }),
    sequenceNumber: fc.bigInt({ min: 0n, max: 3n }),
  })
  .map((fields) => Bundle.fromPartial(fields));
const outputMask = undefined;

const anyStep: fc.Arbitrary<[what: string, step: Step]> = fc.oneof(
  {
    weight: 5,
    arbitrary: entryStep(
      'batchCreateEntry',
      fc.record({ entries: fc.array(entry, { maxLength: 3 }), outputMask: mask }),
    ),
  },
  {
    weight: 3,
    arbitrary: entryStep('batchUpdateEntry', fc.record({ entries: fc.tuple(entry), inputMask, outputMask: mask })),
  },
  { weight: 1, arbitrary: entryStep('batchDeleteEntry', fc.record({ ids: fc.array(entryId, { maxLength: 2 }) })) },
  { weight: 3, arbitrary: entryStep('listEntries', listing) },
  { weight: 1, arbitrary: entryStep('countEntries', fc.record({ filter })) },
  { weight: 1, arbitrary: entryStep('getEntry', fc.record({ id: entryId, outputMask: mask })) },
  {
    weight: 1,
    arbitrary: bundleStep(
      'batchCreateFederatedBundle',
      fc.record({ bundle: fc.tuple(bundle), outputMask: fc.constant(outputMask) }),
    ),
  },
  {
    weight: 1,
    arbitrary: bundleStep(
      'batchSetFederatedBundle',
      fc.record({ bundle: fc.tuple(bundle), outputMask: fc.constant(outputMask) }),
    ),
  },
  {
    weight: 1,
    arbitrary: bundleStep(
      'batchUpdateFederatedBundle',
      fc.record({ bundle: fc.tuple(bundle), inputMask: fc.constant(undefined), outputMask: fc.constant(outputMask) }),
    ),
  },
  {
    weight: 1,
    arbitrary: bundleStep(
      'batchDeleteFederatedBundle',
      fc.record({
        trustDomains: fc.tuple(fc.constantFrom('far.org', 'near.org', 'example.org', 'BAD')),
        mode: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ ttl: fc.constantFrom(10, 0, -1), token: fc.constantFrom('t1', 't2', 't3'), agentId: maybe(idOf('/a')) })
      .map((request): [string, Step] => [
        `createJoinToken ${show(request)}`,
        async (client) =>
          (await client.unary(AgentDefinition, 'createJoinToken', CreateJoinTokenRequest.fromPartial(request))).value,
      ]),
  },
);

type EntryMethod = Exclude<keyof (typeof EntryDefinition)['methods'], 'syncAuthorizedEntries'>;
type BundleMethod = keyof (typeof BundleDefinition)['methods'];

function entryStep<K extends EntryMethod>(
  method: K,
  requests: fc.Arbitrary<ReturnType<(typeof EntryDefinition)['methods'][K]['requestType']['decode']>>,
): fc.Arbitrary<[string, Step]> {
  return requests.map((request) => [
    `${method} ${show(request)}`,
    (client) => client.unary(EntryDefinition, method, request),
  ]);
}

function bundleStep<K extends BundleMethod>(
  method: K,
  requests: fc.Arbitrary<ReturnType<(typeof BundleDefinition)['methods'][K]['requestType']['decode']>>,
): fc.Arbitrary<[string, Step]> {
  return requests.map((request) => [
    `${method} ${show(request)}`,
    (client) => client.unary(BundleDefinition, method, request),
  ]);
}

function show(value: unknown): string {
  return fc.stringify(value);
}
