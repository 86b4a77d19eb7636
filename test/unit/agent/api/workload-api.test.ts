import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { WorkloadIdentitySource } from '../../../../src/lib/agent/api/workload/v1/identity-source.ts';
import { WorkloadApi, type WorkloadApiOptions } from '../../../../src/lib/agent/api/workload/v1/service.ts';
import type { AuthorizedEntry } from '../../../../src/lib/agent/cache/authorized-entry.ts';
import { IdentityCache } from '../../../../src/lib/agent/cache/identity-cache.ts';
import type { WorkloadSvid } from '../../../../src/lib/agent/cache/workload-update.ts';
import { PublicEndpoint } from '../../../../src/lib/agent/endpoints/public-endpoint.ts';
import { generateKey, privateKeyToPkcs8 } from '../../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../../../src/lib/rpc/status.ts';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { Bundle } from '../../../../src/lib/spiffe/bundle.ts';
import { signJwtSvid } from '../../../../src/lib/spiffe/jwt-svid.ts';
import { parseSelector, type Selector } from '../../../../src/lib/spiffe/selector.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { SpiffeWorkloadAPIDefinition as Api } from '../../../../src/lib/wire/gen/workload.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { noCounters } from '../../../support/no-counters.ts';
import { makeCa, makeSvid, type TestCa } from '../certificates.ts';
import { entry, entryMap, MemoryLog, rejection, TestFolder, TRUST_DOMAIN } from '../support.ts';

const HEADER = { metadata: { 'workload.spiffe.io': 'true' } };
const FAR = TrustDomain.parse('far.org');
const ROOT: readonly Selector[] = [parseSelector('unix:uid:0'), parseSelector('unix:user:root')];

let ca: TestCa;
let jwtKey: KeyObject;
let workloadKey: KeyObject;
let makeWorkloadSvid: (entry: AuthorizedEntry) => Promise<WorkloadSvid>;
const clock = new ManualClock();

beforeAll(async () => {
  ca = await makeCa(clock.nowMs());
  jwtKey = await generateKey('ec-p256');
  workloadKey = await generateKey('ec-p256');
  makeWorkloadSvid = async ({ spiffeId, revisionNumber, createdAtSeconds }) => {
    const times = { notBeforeMs: clock.nowMs(), notAfterMs: clock.nowMs() + 60_000 };
    const leaf = await makeSvid(ca, { uri: spiffeId.toString(), publicKey: workloadKey, ...times });
    const rotateAt = { wallMs: Number.POSITIVE_INFINITY, monotonicMs: Number.POSITIVE_INFINITY };
    return { chain: [leaf], privateKey: workloadKey, rotateAt, revisionNumber, createdAtSeconds };
  };
});

function ownBundle(): Bundle {
  return new Bundle(TRUST_DOMAIN, {
    x509Authorities: [ca.certificate],
    jwtAuthorities: new Map([['k1', signerFromKey(jwtKey).publicKey]]),
  });
}

async function token(id: string, audience: readonly string[], seconds = 300): Promise<string> {
  const issuedAt = new Date(clock.nowMs());
  const expiresAt = new Date(clock.nowMs() + seconds * 1000);
  const signer = signerFromKey(jwtKey);
  return (await signJwtSvid({ id: SpiffeId.parse(id), audience, issuedAt, expiresAt, kid: 'k1', signer })).token;
}

/** A served Workload API in front of a real cache. */
class World implements AsyncDisposable {
  readonly log = new MemoryLog();
  readonly cache = new IdentityCache({
    bundle: ownBundle(),
    maxSvids: 0,
    clock,
    log: this.log,
  });
  readonly jwtCalls: string[][] = [];
  jwtFailure: Error | undefined;
  readonly #resources = new AsyncDisposableStack();
  client = new RpcClient({ kind: 'unix', path: '' });

  static async open(
    options: Partial<WorkloadApiOptions> & { selectors?: readonly Selector[] | Error } = {},
  ): Promise<World> {
    const world = new World();
    const folder = world.#resources.use(new TestFolder());
    const { selectors = ROOT, ...rest } = options;
    const workloadApi = new WorkloadApi({
      trustDomain: TRUST_DOMAIN,
      source: world.#source(),
      attestor: {
        async attest() {
          if (selectors instanceof Error) throw selectors;
          return selectors;
        },
      },
      allowUnauthenticatedVerifiers: false,
      allowedForeignJwtClaims: [],
      logSelectors: [],
      ownPid: 0,
      clock,
      log: world.log,
      ...rest,
    });
    const socketPath = folder.file('s');
    world.#resources.use(
      await PublicEndpoint.open({
        socketPath,
        workloadApi,
        isServing: async () => true,
        counters: noCounters,
        log: world.log,
      }),
    );
    world.client = world.#resources.use(new RpcClient({ kind: 'unix', path: socketPath }));
    return world;
  }

  /** Has the server know these entries, and their SVIDs be there. */
  async serve(entries: readonly AuthorizedEntry[], bundles: readonly Bundle[] = [this.cache.bundle]): Promise<void> {
    this.cache.updateEntries({
      entries: entryMap(...entries),
      bundles: new Map(bundles.map((bundle) => [bundle.trustDomain.name, bundle])),
    });
    const missing = this.cache.staleEntries().map((stale) => stale.entry);
    const svids = await Promise.all(missing.map(async (one) => [one.id, await makeWorkloadSvid(one)] as const));
    this.cache.updateSvids(new Map(svids));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }

  #source(): WorkloadIdentitySource {
    return {
      subscribe: (selectors, options) => this.cache.subscribe(selectors, options),
      currentUpdate: (selectors) => this.cache.currentUpdate(selectors),
      matchingEntries: (selectors) => this.cache.matchingEntries(selectors),
      fetchJwtSvid: async (one, audience) => {
        this.jwtCalls.push([one.id, ...audience]);
        if (this.jwtFailure !== undefined) throw this.jwtFailure;
        return { token: await token(one.spiffeId.toString(), audience), expiresAtMs: clock.nowMs() + 300_000 };
      },
    };
  }
}

async function first<T>(stream: AsyncIterable<T>): Promise<T> {
  for await (const message of stream) return message;
  throw new Error('the stream ended');
}

const noIdentity = { status: RpcCode.permissionDenied, description: 'no identity issued' };

describe('the security header', () => {
  const calls = {
    fetchX509SVID: (client: RpcClient, metadata: Record<string, string | string[]>) =>
      first(client.serverStream(Api, 'fetchX509SVID', {}, { metadata })),
    fetchX509Bundles: (client: RpcClient, metadata: Record<string, string | string[]>) =>
      first(client.serverStream(Api, 'fetchX509Bundles', {}, { metadata })),
    fetchJWTBundles: (client: RpcClient, metadata: Record<string, string | string[]>) =>
      first(client.serverStream(Api, 'fetchJWTBundles', {}, { metadata })),
    fetchJWTSVID: (client: RpcClient, metadata: Record<string, string | string[]>) =>
      client.unary(Api, 'fetchJWTSVID', { audience: [], spiffeId: '' }, { metadata }),
    validateJWTSVID: (client: RpcClient, metadata: Record<string, string | string[]>) =>
      client.unary(Api, 'validateJWTSVID', { audience: '', svid: '' }, { metadata }),
    fetchWITSVID: (client: RpcClient, metadata: Record<string, string | string[]>) =>
      first(client.serverStream(Api, 'fetchWITSVID', { spiffeId: '' }, { metadata })),
    fetchWITBundles: (client: RpcClient, metadata: Record<string, string | string[]>) =>
      first(client.serverStream(Api, 'fetchWITBundles', {}, { metadata })),
  };

  test.each([
    ['is missing', {}],
    ['is empty', { 'workload.spiffe.io': '' }],
    ['is False', { 'workload.spiffe.io': 'false' }],
    ['is True', { 'workload.spiffe.io': 'True' }],
    ['is 1', { 'workload.spiffe.io': '1' }],
    ['comes twice', { 'workload.spiffe.io': ['true', 'true'] }],
  ])('is asked for by every call before anything else: it %s', async (_, metadata) => {
    await using world = await World.open();
    for (const [name, call] of Object.entries(calls)) {
      expect([name, await rejection(call(world.client, metadata))]).toEqual([
        name,
        expect.objectContaining({
          status: RpcCode.invalidArgument,
          description: 'security header missing from request',
        }),
      ]);
    }
  });
});

describe('FetchX509SVID', () => {
  const open = (world: World) => world.client.serverStream(Api, 'fetchX509SVID', {}, HEADER);

  test('gives chain, key and bundle of every identity, in order of the entry ids', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'b', spiffeId: 'spiffe://example.org/1', hint: 'h' }), entry({ id: 'a' })]);
    const { svids, crl, federatedBundles } = await first(open(world));
    expect(svids.map(({ spiffeId, hint }) => [spiffeId, hint])).toEqual([
      ['spiffe://example.org/a', ''],
      ['spiffe://example.org/1', 'h'],
    ]);
    for (const svid of svids) {
      expect(Buffer.from(svid.x509SvidKey)).toEqual(Buffer.from(privateKeyToPkcs8(workloadKey)));
      expect(Buffer.from(svid.bundle)).toEqual(Buffer.from(ca.certificate.der));
      expect(svid.x509Svid.length).toBeGreaterThan(100);
    }
    expect([crl, federatedBundles]).toEqual([[], {}]);
  });

  test('gives the bundles of federated trust domains by their ids', async () => {
    await using world = await World.open();
    const far = await makeCa(clock.nowMs(), FAR);
    const bundle = new Bundle(FAR, { x509Authorities: [far.certificate] });
    await world.serve([entry({ id: 'a', federatesWith: ['far.org'] })], [world.cache.bundle, bundle]);
    const { federatedBundles } = await first(open(world));
    expect(Object.keys(federatedBundles)).toEqual(['spiffe://far.org']);
    expect(Buffer.from(federatedBundles['spiffe://far.org'] ?? [])).toEqual(Buffer.from(far.certificate.der));
  });

  test('serves one of those that share a hint, with a word in the log', async () => {
    await using world = await World.open();
    await world.serve([
      entry({ id: 'a', hint: 'db', createdAtSeconds: 9n }),
      entry({ id: 'b', hint: 'db', createdAtSeconds: 8n }),
    ]);
    expect((await first(open(world))).svids.map(({ spiffeId }) => spiffeId)).toEqual(['spiffe://example.org/b']);
    expect(world.log.messages()).toContain('Ignoring entry with duplicate hint');
  });

  test('refuses a workload without identity', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'a', selectors: ['unix:uid:7'] })]);
    expect(await rejection(first(open(world)))).toMatchObject(noIdentity);
    expect(world.log.lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'No identity issued' }));
  });

  test('keeps selectors out of the log unless told otherwise', async () => {
    await using quiet = await World.open();
    await rejection(first(open(quiet)));
    expect(JSON.stringify(quiet.log.lines)).not.toContain('uid:0');
    await using open2 = await World.open({ logSelectors: ['unix:uid'] });
    await rejection(first(open(open2)));
    const line = open2.log.lines.find(({ message }) => message === 'No identity issued');
    expect(line?.fields['selectors']).toBe('unix:uid:0');
  });

  test('sends a message for each change and none without one, and ends with the last identity', async () => {
    await using world = await World.open();
    const [a, b] = [entry({ id: 'a' }), entry({ id: 'b' })];
    await world.serve([a]);
    const stream = open(world)[Symbol.asyncIterator]();
    expect((await stream.next()).value?.svids).toHaveLength(1);
    await world.serve([a]);
    await world.serve([a, entry({ id: 'c', selectors: ['unix:uid:7'] })]);
    await world.serve([a, b]);
    expect((await stream.next()).value?.svids).toHaveLength(2);
    await world.serve([b]);
    expect((await stream.next()).value?.svids.map(({ spiffeId }) => spiffeId)).toEqual(['spiffe://example.org/b']);
    await world.serve([]);
    expect(await rejection(stream.next())).toMatchObject(noIdentity);
  });

  test('tells a workload that cannot be attested from one without identity', async () => {
    await using world = await World.open({ selectors: new SpirekitError('unavailable', 'inner') });
    expect(await rejection(first(open(world)))).toMatchObject({
      status: RpcCode.unavailable,
      description: 'workload attestation failed',
    });
  });

  test('serves many streams at once', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'a' })]);
    const streams = Array.from({ length: 50 }, () => open(world)[Symbol.asyncIterator]());
    await Promise.all(streams.map((stream) => stream.next()));
    await world.serve([entry({ id: 'a' }), entry({ id: 'b' })]);
    const second = await Promise.all(streams.map((stream) => stream.next()));
    expect(second.every(({ value }) => value?.svids.length === 2)).toBe(true);
    await Promise.all(streams.map((stream) => stream.return?.(undefined)));
  });
});

describe('FetchX509Bundles and FetchJWTBundles', () => {
  const x509 = (world: World) => world.client.serverStream(Api, 'fetchX509Bundles', {}, HEADER);
  const jwt = (world: World) => world.client.serverStream(Api, 'fetchJWTBundles', {}, HEADER);

  test('give the own bundle and those of federated trust domains', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'a', federatesWith: ['far.org'] })], [world.cache.bundle, new Bundle(FAR)]);
    expect(Object.keys((await first(x509(world))).bundles)).toEqual(['spiffe://example.org', 'spiffe://far.org']);
    const { bundles } = await first(jwt(world));
    const keys: unknown = JSON.parse(Buffer.from(bundles['spiffe://example.org'] ?? []).toString('utf8'));
    expect(keys).toEqual({ keys: [expect.objectContaining({ kid: 'k1', kty: 'EC', crv: 'P-256' })] });
    expect(JSON.stringify(keys)).not.toContain('"use"');
    expect(JSON.parse(Buffer.from(bundles['spiffe://far.org'] ?? []).toString('utf8'))).toEqual({ keys: [] });
  });

  test('need an identity', async () => {
    await using world = await World.open();
    expect(await rejection(first(x509(world)))).toMatchObject(noIdentity);
    expect(await rejection(first(jwt(world)))).toMatchObject(noIdentity);
  });

  test('give the own bundle to everybody where the operator allows it', async () => {
    await using world = await World.open({ allowUnauthenticatedVerifiers: true });
    await world.serve([], [world.cache.bundle, new Bundle(FAR)]);
    expect(Object.keys((await first(x509(world))).bundles)).toEqual(['spiffe://example.org']);
    expect(Object.keys((await first(jwt(world))).bundles)).toEqual(['spiffe://example.org']);
  });

  test('send nothing when only the other kind of keys has changed', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'a' })]);
    const x509Stream = x509(world)[Symbol.asyncIterator]();
    const jwtStream = jwt(world)[Symbol.asyncIterator]();
    await Promise.all([x509Stream.next(), jwtStream.next()]);
    const withoutJwt = new Bundle(TRUST_DOMAIN, { x509Authorities: [ca.certificate] });
    await world.serve([entry({ id: 'a' })], [withoutJwt]);
    expect(Object.keys((await jwtStream.next()).value?.bundles ?? {})).toHaveLength(1);
    const other = await makeCa(clock.nowMs());
    await world.serve([entry({ id: 'a' })], [new Bundle(TRUST_DOMAIN, { x509Authorities: [other.certificate] })]);
    const { value } = await x509Stream.next();
    expect(Buffer.from(value?.bundles['spiffe://example.org'] ?? [])).toEqual(Buffer.from(other.certificate.der));
    await Promise.all([x509Stream.return?.(undefined), jwtStream.return?.(undefined)]);
  });
});

describe('FetchJWTSVID', () => {
  const call = (world: World, audience: string[], spiffeId = '') =>
    world.client.unary(Api, 'fetchJWTSVID', { audience, spiffeId }, HEADER);

  test('gives a token for each identity, in order of the entry ids', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'b', hint: 'h' }), entry({ id: 'a' })]);
    const { svids } = await call(world, ['x', 'y']);
    expect(svids.map(({ spiffeId, hint }) => [spiffeId, hint])).toEqual([
      ['spiffe://example.org/a', ''],
      ['spiffe://example.org/b', 'h'],
    ]);
    expect(world.jwtCalls.sort()).toEqual([
      ['a', 'x', 'y'],
      ['b', 'x', 'y'],
    ]);
  });

  test('gives only the identity asked for', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'a' }), entry({ id: 'b' })]);
    const { svids } = await call(world, ['x'], 'spiffe://example.org/b');
    expect(svids.map(({ spiffeId }) => spiffeId)).toEqual(['spiffe://example.org/b']);
    expect(await rejection(call(world, ['x'], 'spiffe://example.org/c'))).toMatchObject(noIdentity);
  });

  test('serves one of those that share a hint', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'a', hint: 'db' }), entry({ id: 'b', hint: 'db' })]);
    expect((await call(world, ['x'])).svids.map(({ spiffeId }) => spiffeId)).toEqual(['spiffe://example.org/a']);
  });

  test.each([[[]], [['']], [['x', '']]])('wants an audience, and not %j', async (audience) => {
    await using world = await World.open();
    await world.serve([entry({ id: 'a' })]);
    expect(await rejection(call(world, audience))).toMatchObject({
      status: RpcCode.invalidArgument,
      description: 'audience must be specified',
    });
    expect(world.jwtCalls).toEqual([]);
  });

  test('refuses what is no SPIFFE ID', async () => {
    await using world = await World.open();
    expect(await rejection(call(world, ['x'], 'garbage'))).toMatchObject({
      status: RpcCode.invalidArgument,
      description: 'invalid requested SPIFFE ID: scheme is missing or invalid',
    });
  });

  test('is unavailable when the server gives no token', async () => {
    await using world = await World.open();
    await world.serve([entry({ id: 'a' })]);
    world.jwtFailure = new RpcError(RpcCode.unavailable, 'gone');
    expect(await rejection(call(world, ['x']))).toMatchObject({
      status: RpcCode.unavailable,
      description: 'could not fetch JWT-SVID: rpc error: code = Unavailable desc = gone',
    });
  });
});

describe('ValidateJWTSVID', () => {
  const call = (world: World, audience: string, svid: string) =>
    world.client.unary(Api, 'validateJWTSVID', { audience, svid }, HEADER);

  test('shows the claims of a good token, also to a workload without identity', async () => {
    await using world = await World.open();
    const { spiffeId, claims } = await call(world, 'x', await token('spiffe://example.org/web', ['x']));
    expect(spiffeId).toBe('spiffe://example.org/web');
    const seconds = Math.floor(clock.nowMs() / 1000);
    expect(claims).toEqual({ aud: ['x'], exp: seconds + 300, iat: seconds, sub: 'spiffe://example.org/web' });
  });

  test('refuses a token for somebody else', async () => {
    await using world = await World.open();
    expect(await rejection(call(world, 'wrong', await token('spiffe://example.org/web', ['x'])))).toMatchObject({
      status: RpcCode.invalidArgument,
      description: 'expected audience in ["wrong"] (audience=["x"])',
    });
  });

  test('refuses what is no token, in the words of SPIRE', async () => {
    await using world = await World.open();
    expect(await rejection(call(world, 'x', 'garbage'))).toMatchObject({
      status: RpcCode.invalidArgument,
      description: 'unable to parse JWT token: go-jose/go-jose: compact JWS format must have three parts',
    });
  });

  test.each([
    ['', 'x', 'audience must be specified'],
    ['x', '', 'svid must be specified'],
  ])('wants audience and token', async (audience, svid, description) => {
    await using world = await World.open();
    expect(await rejection(call(world, audience, svid))).toMatchObject({
      status: RpcCode.invalidArgument,
      description,
    });
  });

  test('knows keys of other trust domains only where the workload federates with them', async () => {
    await using world = await World.open({ allowedForeignJwtClaims: ['iat'] });
    const far = new Bundle(FAR, { jwtAuthorities: new Map([['k1', signerFromKey(jwtKey).publicKey]]) });
    const foreign = await token('spiffe://far.org/web', ['x']);
    await world.serve([entry({ id: 'a' })], [world.cache.bundle, far]);
    expect(await rejection(call(world, 'x', foreign))).toMatchObject({ status: RpcCode.invalidArgument });
    await world.serve([entry({ id: 'a', federatesWith: ['far.org'], revisionNumber: 1n })], [world.cache.bundle, far]);
    expect(Object.keys((await call(world, 'x', foreign)).claims ?? {}).sort()).toEqual(['aud', 'exp', 'iat', 'sub']);
  });

  test('hides claims of other trust domains that the operator did not allow', async () => {
    await using world = await World.open();
    const far = new Bundle(FAR, { jwtAuthorities: new Map([['k1', signerFromKey(jwtKey).publicKey]]) });
    await world.serve([entry({ id: 'a', federatesWith: ['far.org'] })], [world.cache.bundle, far]);
    const { claims } = await call(world, 'x', await token('spiffe://far.org/web', ['x']));
    expect(Object.keys(claims ?? {}).sort()).toEqual(['aud', 'exp', 'sub']);
  });

  test('does not take a key of the own trust domain for a token of another', async () => {
    await using world = await World.open();
    const far = new Bundle(FAR, {
      jwtAuthorities: new Map([['k1', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey]]),
    });
    await world.serve([entry({ id: 'a', federatesWith: ['far.org'] })], [world.cache.bundle, far]);
    expect(await rejection(call(world, 'x', await token('spiffe://far.org/web', ['x'])))).toMatchObject({
      status: RpcCode.invalidArgument,
    });
  });

  test.each(['far', 'k1'])('lets no federated trust domain sign for this one, by the key ID %s', async (kid) => {
    await using world = await World.open();
    const farKey = await generateKey('ec-p256');
    const signer = signerFromKey(farKey);
    const far = new Bundle(FAR, { jwtAuthorities: new Map([[kid, signer.publicKey]]) });
    await world.serve([entry({ id: 'a', federatesWith: ['far.org'] })], [world.cache.bundle, far]);
    const sign = (id: string) => {
      const times = { issuedAt: new Date(clock.nowMs()), expiresAt: new Date(clock.nowMs() + 300_000) };
      return signJwtSvid({ ...times, id: SpiffeId.parse(id), audience: ['x'], kid, signer });
    };
    expect(await call(world, 'x', (await sign('spiffe://far.org/web')).token)).toMatchObject({
      spiffeId: 'spiffe://far.org/web',
    });
    expect(await rejection(call(world, 'x', (await sign('spiffe://example.org/web')).token))).toMatchObject({
      status: RpcCode.invalidArgument,
    });
  });

  test('never writes a token to the log', async () => {
    await using world = await World.open();
    const svid = await token('spiffe://example.org/web', ['x']);
    await rejection(call(world, 'wrong', svid));
    await rejection(call(world, 'x', `${svid}x`));
    expect(JSON.stringify(world.log.lines)).not.toContain(svid.slice(-20));
  });
});

describe('WIT-SVIDs', () => {
  test('are not implemented', async () => {
    await using world = await World.open();
    const svids = world.client.serverStream(Api, 'fetchWITSVID', { spiffeId: '' }, HEADER);
    const bundles = world.client.serverStream(Api, 'fetchWITBundles', {}, HEADER);
    expect(await rejection(first(svids))).toMatchObject({ status: RpcCode.unimplemented });
    expect(await rejection(first(bundles))).toMatchObject({ status: RpcCode.unimplemented });
  });
});
