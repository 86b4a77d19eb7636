import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificate } from '../../../../../../src/lib/crypto/certificate.ts';
import { createCsr } from '../../../../../../src/lib/crypto/csr.ts';
import { generateKey, publicKeyDer } from '../../../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../../../../src/lib/crypto/signer.ts';
import type { RpcClient } from '../../../../../../src/lib/rpc/client.ts';
import { RpcCode } from '../../../../../../src/lib/rpc/status.ts';
import type { Server } from '../../../../../../src/lib/server/server.ts';
import { EntryDefinition } from '../../../../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import {
  type NewX509SVIDParams,
  SVIDDefinition,
} from '../../../../../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { Entry } from '../../../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../../../../../../src/lib/wire/gen/spire/api/types/spiffeid.ts';
import { ServerHome } from '../../../running-server.ts';

let home: ServerHome;
let server: Server;
let agent: RpcClient;
let local: RpcClient;
let agentId: SPIFFEID;
const web: SPIFFEID = { trustDomain: 'example.org', path: '/web' };

async function register(entry: Parameters<typeof Entry.create>[0]): Promise<void> {
  const { results } = await local.unary(EntryDefinition, 'batchCreateEntry', {
    entries: [Entry.create({ selectors: [{ type: 'unix', value: 'uid:1' }], ...entry })],
    outputMask: undefined,
  });
  expect(results[0]?.status?.code).toBe(RpcCode.ok);
}

beforeAll(async () => {
  home = new ServerHome();
  server = await home.start();
  local = home.local();
  const attested = await home.attest(server);
  agentId = attested.agentId;
  agent = home.remote(server, attested.identity);
  await register({
    id: 'web',
    spiffeId: web,
    parentId: agentId,
    dnsNames: ['web.local'],
    x509SvidTtl: 120,
    jwtSvidTtl: 60,
  });
  await register({ id: 'foreign', spiffeId: web, parentId: { trustDomain: 'example.org', path: '/other' } });
  await register({ id: 'down', spiffeId: { ...web, path: '/down' }, parentId: agentId, downstream: true });
  await register({
    id: 'jti',
    spiffeId: { ...web, path: '/jti' },
    parentId: agentId,
    additionalAttributes: { jwtSvidIncludeJti: true },
  });
});
afterAll(() => home[Symbol.asyncDispose]());

async function newCsr(options: Omit<Parameters<typeof createCsr>[0], 'signer'> = {}): Promise<Buffer> {
  return Buffer.from(await createCsr({ ...options, signer: signerFromKey(await generateKey('ec-p256')) }));
}

async function batch(...params: NewX509SVIDParams[]) {
  return (await agent.unary(SVIDDefinition, 'batchNewX509SVID', { params })).results;
}

const claimsOf = (token = ''): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe('BatchNewX509SVID', () => {
  test('gives what the entry says for the key of the CSR, whatever else the CSR asks for', async () => {
    const key = await generateKey('ec-p384');
    const csr = Buffer.from(
      await createCsr({
        subject: Name.of({ commonName: 'root' }),
        uris: ['spiffe://example.org/admin', 'spiffe://example.org/more'],
        dnsNames: ['evil.example'],
        signer: signerFromKey(key),
      }),
    );
    const [result] = await batch({ entryId: 'web', csr });
    expect(result?.status).toEqual({ code: RpcCode.ok, message: 'OK' });
    expect(result?.svid?.id).toEqual(web);
    const leaf = Certificate.parse(result?.svid?.certChain[0] ?? new Uint8Array());
    expect(leaf.uris).toEqual(['spiffe://example.org/web']);
    expect(leaf.dnsNames).toEqual(['web.local']);
    expect(leaf.subject.rfc2253()).toBe('CN=web.local,O=SPIRE,C=US');
    expect(Buffer.compare(leaf.publicKeyDer, publicKeyDer(key))).toBe(0);
    expect(leaf.notAfterMs).toBe(home.clock.nowMs() + 120_000);
    expect(result?.svid?.expiresAt).toBe(BigInt(leaf.notAfterMs / 1000));
  });

  test('answers each item by itself', async () => {
    const csr = await newCsr();
    const badSignature = Buffer.from(csr);
    badSignature[badSignature.length - 1] = (badSignature.at(-1) ?? 0) ^ 1;
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const results = await batch(
      { entryId: '', csr },
      { entryId: 'web', csr: Buffer.of() },
      { entryId: 'foreign', csr },
      { entryId: 'nowhere', csr },
      { entryId: 'web', csr: Buffer.from('nonsense') },
      { entryId: 'web', csr: badSignature },
      { entryId: 'web', csr: Buffer.from(await createCsr({ signer: signerFromKey(weak) })) },
      { entryId: 'web', csr },
    );
    expect(results.map(({ status }) => [status?.code, status?.message])).toEqual([
      [RpcCode.invalidArgument, 'missing entry ID'],
      [RpcCode.invalidArgument, 'missing CSR'],
      [RpcCode.notFound, 'entry not found or not authorized'],
      [RpcCode.notFound, 'entry not found or not authorized'],
      [RpcCode.invalidArgument, expect.stringContaining('CSR')],
      [RpcCode.invalidArgument, expect.stringContaining('signature')],
      [RpcCode.invalidArgument, expect.stringContaining('1024')],
      [RpcCode.ok, 'OK'],
    ]);
    expect(results.filter(({ svid }) => svid !== undefined)).toHaveLength(1);
  });

  test('answers a large batch item by item, in order, and in the same words', async () => {
    const csr = await newCsr();
    const bad = Buffer.from(csr);
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;
    const [alone] = await batch({ entryId: 'web', csr: bad });
    const params = Array.from({ length: 200 }, (_, index) => ({
      entryId: index % 2 === 0 ? 'web' : 'down',
      csr: index === 150 ? bad : csr,
    }));
    const results = await batch(...params);
    expect(results[150]).toEqual(alone);
    const paths = results.flatMap(({ svid }) => (svid?.id === undefined ? [] : [svid.id.path]));
    expect(paths).toEqual(params.flatMap(({ entryId }, index) => (index === 150 ? [] : [`/${entryId}`])));
    const leaf = Certificate.parse(results[199]?.svid?.certChain[0] ?? new Uint8Array());
    expect(leaf.uris).toEqual(['spiffe://example.org/down']);
  });

  test('refuses nothing at all, and more than 500 at once', async () => {
    await expect(batch()).rejects.toMatchObject({ status: RpcCode.invalidArgument, description: 'missing parameters' });
    const csr = await newCsr();
    await expect(batch(...Array.from({ length: 501 }, () => ({ entryId: 'web', csr })))).rejects.toMatchObject({
      status: RpcCode.resourceExhausted,
      description: 'rejecting request due to certificate signing rate limiting: rate (501) exceeds burst size (500)',
    });
  });

  test('is for agents only', async () => {
    const params = [{ entryId: 'web', csr: await newCsr() }];
    for (const client of [local, home.remote(server)]) {
      await expect(client.unary(SVIDDefinition, 'batchNewX509SVID', { params })).rejects.toMatchObject({
        status: RpcCode.permissionDenied,
      });
    }
  });
});

describe('NewJWTSVID', () => {
  test('gives what the entry says', async () => {
    const { svid } = await agent.unary(SVIDDefinition, 'newJWTSVID', { entryId: 'web', audience: ['a', 'b'] });
    const now = Math.floor(home.clock.nowMs() / 1000);
    expect(claimsOf(svid?.token)).toEqual({
      aud: ['a', 'b'],
      exp: now + 60,
      iat: now,
      sub: 'spiffe://example.org/web',
    });
    expect(svid).toMatchObject({ id: web, issuedAt: BigInt(now), expiresAt: BigInt(now + 60) });
  });

  test('adds a token id where the entry asks', async () => {
    const { svid } = await agent.unary(SVIDDefinition, 'newJWTSVID', { entryId: 'jti', audience: ['a'] });
    expect(claimsOf(svid?.token)).toHaveProperty('jti');
  });

  test('refuses entries of others and an empty audience', async () => {
    await expect(
      agent.unary(SVIDDefinition, 'newJWTSVID', { entryId: 'foreign', audience: ['a'] }),
    ).rejects.toMatchObject({ status: RpcCode.notFound, description: 'entry not found or not authorized' });
    await expect(agent.unary(SVIDDefinition, 'newJWTSVID', { entryId: 'web', audience: [] })).rejects.toMatchObject({
      status: RpcCode.invalidArgument,
      description: 'at least one audience is required',
    });
  });
});

describe('MintX509SVID', () => {
  test('keeps subject and DNS names of the CSR', async () => {
    const csr = await newCsr({
      subject: Name.of({ organization: ['Acme'] }),
      uris: ['spiffe://example.org/minted'],
      dnsNames: ['a.local', 'b.local'],
    });
    const { svid } = await local.unary(SVIDDefinition, 'mintX509SVID', { csr, ttl: 30 });
    const leaf = Certificate.parse(svid?.certChain[0] ?? new Uint8Array());
    expect(leaf.subject.rfc2253()).toBe('CN=a.local,O=Acme');
    expect(leaf.dnsNames).toEqual(['a.local', 'b.local']);
    expect(leaf.notAfterMs).toBe(home.clock.nowMs() + 30_000);
  });

  test.each([
    ['missing CSR', undefined],
    ['CSR URI SAN is required', {}],
    ['only one URI SAN is expected', { uris: ['spiffe://example.org/a', 'spiffe://example.org/b'] }],
    ['CSR URI SAN is invalid', { uris: ['https://example.org/a'] }],
    ['CSR URI SAN is invalid: "spiffe://other.example/a" is not a member', { uris: ['spiffe://other.example/a'] }],
    ['reserved namespace', { uris: ['spiffe://example.org/spire/agent/x'] }],
    ['CSR DNS name is invalid', { uris: ['spiffe://example.org/a'], dnsNames: ['a..b'] }],
    ['wildcard overlap', { uris: ['spiffe://example.org/a'], dnsNames: ['*.b.local', 'a.b.local'] }],
  ])('refuses: %s', async (sentence, options) => {
    const csr = options === undefined ? Buffer.of() : await newCsr(options);
    await expect(local.unary(SVIDDefinition, 'mintX509SVID', { csr, ttl: 0 })).rejects.toMatchObject({
      status: RpcCode.invalidArgument,
      description: expect.stringContaining(sentence),
    });
  });
});

describe('MintJWTSVID', () => {
  test('signs for any workload of the trust domain', async () => {
    const { svid } = await local.unary(SVIDDefinition, 'mintJWTSVID', { id: web, audience: ['a'], ttl: 7 });
    const now = Math.floor(home.clock.nowMs() / 1000);
    expect(claimsOf(svid?.token)).toMatchObject({ exp: now + 7 });
  });

  test.each([
    [undefined, 'invalid SPIFFE ID: request must specify SPIFFE ID'],
    [{ trustDomain: 'other.example', path: '/a' }, 'is not a member of trust domain'],
    [{ trustDomain: 'example.org', path: '/spire/server' }, 'reserved namespace'],
  ])('refuses %s', async (id, sentence) => {
    await expect(local.unary(SVIDDefinition, 'mintJWTSVID', { id, audience: ['a'], ttl: 0 })).rejects.toMatchObject({
      status: RpcCode.invalidArgument,
      description: expect.stringContaining(sentence),
    });
  });
});

describe('NewDownstreamX509CA', () => {
  test('gives a downstream server an intermediate CA and the roots', async () => {
    const key = await generateKey('ec-p256');
    const [result] = await batch({
      entryId: 'down',
      csr: Buffer.from(await createCsr({ signer: signerFromKey(key) })),
    });
    const downstream = home.remote(server, { certificateChain: result?.svid?.certChain, privateKey: key });
    const answer = await downstream.unary(SVIDDefinition, 'newDownstreamX509CA', {
      csr: await newCsr({ uris: ['spiffe://example.org'] }),
      preferredTtl: 3600,
    });
    const [intermediate] = answer.caCertChain.map((der) => Certificate.parse(der));
    const [root] = answer.x509Authorities.map((der) => Certificate.parse(der));
    expect(intermediate?.isCa).toBe(true);
    expect(root && intermediate?.isSignedBy(root.publicKey)).toBe(true);
    expect(intermediate?.uris).toEqual(['spiffe://example.org']);
    expect(intermediate?.pathLength).toBeUndefined();
    expect(intermediate?.subject.fields()).toEqual({
      ...root?.subject.fields(),
      organizationalUnit: ['DOWNSTREAM-1'],
    });
    expect(intermediate?.notAfterMs).toBe(Math.floor(home.clock.nowMs() / 1000) * 1000 + 3_600_000);
    await expect(
      downstream.unary(SVIDDefinition, 'newDownstreamX509CA', { csr: Buffer.from('no CSR'), preferredTtl: 0 }),
    ).rejects.toMatchObject({ status: RpcCode.invalidArgument, description: expect.stringMatching(/^malformed CSR/) });
    // Longer than the CA itself lives.
    const long = { csr: await newCsr({ uris: [] }), preferredTtl: 2_000_000_000 };
    const { caCertChain } = await downstream.unary(SVIDDefinition, 'newDownstreamX509CA', long);
    expect(Certificate.parse(caCertChain[0] ?? Buffer.of()).notAfterMs).toBe(root?.notAfterMs);
  });

  test('is refused to everybody else', async () => {
    const request = { csr: await newCsr(), preferredTtl: 0 };
    for (const client of [local, agent, home.remote(server)]) {
      await expect(client.unary(SVIDDefinition, 'newDownstreamX509CA', request)).rejects.toMatchObject({
        status: RpcCode.permissionDenied,
      });
    }
  });
});

describe('WIT-SVIDs', () => {
  test('are not there', async () => {
    await expect(
      local.unary(SVIDDefinition, 'mintWITSVID', { id: web, publicKey: Buffer.of(), ttl: 0, signingAlgorithm: '' }),
    ).rejects.toMatchObject({ status: RpcCode.unimplemented });
    await expect(agent.unary(SVIDDefinition, 'batchNewWITSVID', { params: [] })).rejects.toMatchObject({
      status: RpcCode.unimplemented,
    });
  });
});
