import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { generateKey, type KeyType } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';
import { SigningCa } from '../../../../src/lib/server/ca/signing-ca.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { verifyX509Svid } from '../../../../src/lib/spiffe/x509-svid.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { newWorld, type RunningCa, rootsOf, settings, startCa, trustDomain, type World } from './authority-world.ts';

const web = SpiffeId.parse('spiffe://example.org/web');

let world: World;
let running: RunningCa;
let publicKey: ReturnType<typeof signerFromKey>['publicKey'];
beforeAll(async () => {
  world = await newWorld();
  running = await startCa(world);
  publicKey = signerFromKey(await generateKey('ec-p256')).publicKey;
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

async function leafOf(chain: ReturnType<SigningCa['signWorkloadX509Svid']>) {
  const [leaf, ...rest] = await chain;
  expect(rest).toEqual([]);
  if (leaf === undefined) throw new Error('no certificate');
  return leaf;
}

const decode = (part: string | undefined): unknown => JSON.parse(Buffer.from(part ?? '', 'base64url').toString());

describe('the self-signed X.509 CA', () => {
  test('has the form of SPIRE’s', async () => {
    const [root, ...others] = await rootsOf(world);
    if (root === undefined) throw new Error('no root');
    expect(others).toEqual([]);
    expect(root.subject.rfc2253()).toBe(`SERIALNUMBER=${root.serialNumber},O=SPIFFE,C=US`);
    expect(root.issuer.equals(root.subject)).toBe(true);
    expect(root.uris).toEqual(['spiffe://example.org']);
    expect(root.isCa).toBe(true);
    expect([...(root.keyUsages ?? [])].sort()).toEqual(['cRLSign', 'keyCertSign']);
    expect(root.subjectKeyId).toHaveLength(20);
    expect(root.authorityKeyId).toBeUndefined();
    expect(root.notBeforeMs).toBe(world.clock.nowMs() - 10_000);
    expect(root.notAfterMs).toBe(world.clock.nowMs() + 24 * 60 * 60 * 1000);
  });
});

describe('X509-SVIDs', () => {
  test('have the form of SPIRE’s', async () => {
    const leaf = await leafOf(running.ca.signWorkloadX509Svid({ spiffeId: web, publicKey }));
    const [root] = await rootsOf(world);
    expect(leaf.subject.rfc2253()).toBe('O=SPIRE,C=US');
    expect(leaf.uris).toEqual(['spiffe://example.org/web']);
    expect(leaf.dnsNames).toEqual([]);
    expect(leaf.isCa).toBe(false);
    expect(leaf.hasBasicConstraints).toBe(true);
    expect([...(leaf.keyUsages ?? [])].sort()).toEqual(['digitalSignature', 'keyAgreement', 'keyEncipherment']);
    expect(leaf.extendedKeyUsages).toEqual(['serverAuth', 'clientAuth']);
    expect(leaf.authorityKeyId).toEqual(root?.subjectKeyId);
    expect(leaf.notBeforeMs).toBe(world.clock.nowMs() - 10_000);
    expect(leaf.notAfterMs).toBe(world.clock.nowMs() + 60 * 60 * 1000);
  });

  test('verify against the bundle', async () => {
    const roots = await rootsOf(world);
    const chain = await running.ca.signWorkloadX509Svid({ spiffeId: web, publicKey });
    const { id } = verifyX509Svid(chain, { getX509Bundle: () => roots }, { nowMs: world.clock.nowMs() });
    expect(id.equals(web)).toBe(true);
  });

  test('carry DNS names, the first as the common name', async () => {
    const leaf = await leafOf(
      running.ca.signWorkloadX509Svid({ spiffeId: web, publicKey, dnsNames: ['a.example', 'b.example'] }),
    );
    expect(leaf.dnsNames).toEqual(['a.example', 'b.example']);
    expect(leaf.subject.rfc2253()).toBe('CN=a.example,O=SPIRE,C=US');
  });

  test('take another subject, unless it is empty', async () => {
    const subject = Name.of({ organization: ['Other'] });
    const other = await leafOf(running.ca.signWorkloadX509Svid({ spiffeId: web, publicKey, subject }));
    expect(other.subject.rfc2253()).toBe('O=Other');
    const usual = await leafOf(running.ca.signWorkloadX509Svid({ spiffeId: web, publicKey, subject: Name.of({}) }));
    expect(usual.subject.rfc2253()).toBe('O=SPIRE,C=US');
  });

  test('live as long as asked, yet never past their issuer', async () => {
    const short = await leafOf(running.ca.signWorkloadX509Svid({ spiffeId: web, publicKey, ttlSeconds: 77 }));
    expect(short.notAfterMs).toBe(world.clock.nowMs() + 77_000);
    const long = await leafOf(running.ca.signWorkloadX509Svid({ spiffeId: web, publicKey, ttlSeconds: 10 ** 9 }));
    const [root] = await rootsOf(world);
    expect(long.notAfterMs).toBe(root?.notAfterMs);
  });

  test('of no kind outlive a CA that is about to end', async () => {
    await using other = await newWorld();
    const day = 24 * 60 * 60;
    const wanted = { caTtlSeconds: 60, x509SvidTtlSeconds: day, agentTtlSeconds: day, jwtSvidTtlSeconds: day };
    await using ending = await startCa(other, wanted);
    const [root] = await rootsOf(other);
    other.clock.advance(40_000);
    const { ca } = ending;
    const chains = await Promise.all([
      ca.signWorkloadX509Svid({ spiffeId: web, publicKey }),
      ca.signAgentX509Svid({ spiffeId: web, publicKey }),
      ca.signServerX509Svid({ publicKey }),
      ca.signDownstreamX509Ca({ publicKey, ttlSeconds: day }),
    ]);
    expect(chains.map(([leaf]) => leaf?.notAfterMs)).toEqual(Array(4).fill(root?.notAfterMs));
    const { expiresAtSeconds } = await ca.signWorkloadJwtSvid({ spiffeId: web, audience: ['a'] });
    expect(expiresAtSeconds).toBe(ending.manager.jwt?.current.authority?.notAfterSeconds);
  });

  test('of agents live for agent_ttl, that of the server names the server', async () => {
    const agentId = SpiffeId.parse('spiffe://example.org/spire/agent/join_token/abc');
    const agent = await leafOf(running.ca.signAgentX509Svid({ spiffeId: agentId, publicKey }));
    expect(agent.notAfterMs).toBe(world.clock.nowMs() + 2 * 60 * 60 * 1000);
    const server = await leafOf(running.ca.signServerX509Svid({ publicKey }));
    expect(server.uris).toEqual(['spiffe://example.org/spire/server']);
  });

  test.each(['spiffe://other.example/web', 'spiffe://example.org'])('are refused for %s', async (id) => {
    await expect(running.ca.signWorkloadX509Svid({ spiffeId: SpiffeId.parse(id), publicKey })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  test('are refused while there is no CA, and by one that has expired', async () => {
    const ca = new SigningCa(settings, new ManualClock());
    await expect(ca.signServerX509Svid({ publicKey })).rejects.toMatchObject({ code: 'unavailable' });
    const current = running.manager.x509.current.authority;
    if (current === undefined) throw new Error('no authority');
    const late = new SigningCa(settings, new ManualClock(current.notAfterSeconds * 1000));
    late.useX509Ca(current);
    await expect(late.signServerX509Svid({ publicKey })).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('intermediate CAs for downstream servers', () => {
  test('have the form of SPIRE’s and verify against the bundle', async () => {
    const [intermediate] = await running.ca.signDownstreamX509Ca({ publicKey, ttlSeconds: 3600 });
    const [root] = await rootsOf(world);
    expect(intermediate?.subject.fields()).toEqual({
      ...root?.subject.fields(),
      organizationalUnit: ['DOWNSTREAM-1'],
    });
    expect(intermediate?.isCa).toBe(true);
    expect(intermediate?.uris).toEqual(['spiffe://example.org']);
    expect(root && intermediate?.isSignedBy(root.publicKey)).toBe(true);
    expect(intermediate?.notAfterMs).toBe(world.clock.nowMs() + 3_600_000);
  });
});

describe('JWT-SVIDs', () => {
  test('have the form of SPIRE’s', async () => {
    const { token, issuedAtSeconds, expiresAtSeconds } = await running.ca.signWorkloadJwtSvid({
      spiffeId: web,
      audience: ['a', '', 'b'],
    });
    const now = Math.floor(world.clock.nowMs() / 1000);
    const [header, claims] = token.split('.').map((part, index) => (index < 2 ? decode(part) : part));
    expect(header).toEqual({ alg: 'ES256', kid: expect.stringMatching(/^[A-Za-z0-9]{32}$/), typ: 'JWT' });
    expect(claims).toEqual({ aud: ['a', 'b'], exp: now + 300, iat: now, sub: 'spiffe://example.org/web' });
    expect([issuedAtSeconds, expiresAtSeconds]).toEqual([now, now + 300]);
    const bundle = await world.datastore.bundles.findBundle(trustDomain);
    expect(bundle?.jwtAuthorities.map(({ keyId }) => keyId)).toContain(Object(header).kid);
  });

  test('carry issuer and token id where asked', async () => {
    await using other = await newWorld();
    await using withIssuer = await startCa(other, { jwtIssuer: 'https://issuer.example' });
    const { token } = await withIssuer.ca.signWorkloadJwtSvid({ spiffeId: web, audience: ['a'], includeJti: true });
    expect(decode(token.split('.')[1])).toMatchObject({
      iss: 'https://issuer.example',
      jti: expect.stringMatching(/^[\w-]{22}$/),
    });
  });

  test('never outlive their key', async () => {
    const { expiresAtSeconds } = await running.ca.signWorkloadJwtSvid({
      spiffeId: web,
      audience: ['a'],
      ttlSeconds: 10 ** 9,
    });
    expect(expiresAtSeconds).toBe(running.manager.jwt?.current.authority?.notAfterSeconds);
  });

  test('need an audience', async () => {
    await expect(running.ca.signWorkloadJwtSvid({ spiffeId: web, audience: [''] })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  test('can be turned off', async () => {
    await using other = await newWorld();
    await using without = await startCa(other, { isJwtSvidEnabled: false });
    await expect(without.ca.signWorkloadJwtSvid({ spiffeId: web, audience: ['a'] })).rejects.toMatchObject({
      code: 'unimplemented',
    });
    expect((await other.datastore.bundles.findBundle(trustDomain))?.jwtAuthorities).toEqual([]);
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('openssl', () => {
  beforeEach(({ skip }) => {
    if (!hasOpenssl) skip('openssl is not on the PATH');
  });

  test.each<KeyType>(['ec-p256', 'ec-p384', 'rsa-2048'])('accepts chains of %s authorities', async (keyType) => {
    const folder = mkdtempSync(join(tmpdir(), 'openssl-'));
    try {
      await using other = await newWorld();
      await using signing = await startCa(other, { keyType });
      const [root] = await rootsOf(other);
      const [leaf] = await signing.ca.signWorkloadX509Svid({ spiffeId: web, publicKey, dnsNames: ['a.example'] });
      writeFileSync(join(folder, 'root.pem'), root?.toPem() ?? '');
      writeFileSync(join(folder, 'leaf.pem'), leaf?.toPem() ?? '');
      const time = String(Math.floor(other.clock.nowMs() / 1000));
      const { status, stdout, stderr } = spawnSync(
        'openssl',
        ['verify', '-attime', time, '-purpose', 'sslserver', '-CAfile', 'root.pem', 'leaf.pem'],
        { cwd: folder, encoding: 'utf8' },
      );
      expect([status, stdout, stderr]).toEqual([0, 'leaf.pem: OK\n', '']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
