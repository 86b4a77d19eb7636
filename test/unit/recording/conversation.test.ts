import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { leadsTo } from '../../../src/lib/crypto/chain.ts';
import { publicKeyToJwk } from '../../../src/lib/crypto/jwk.ts';
import { signCompactJws } from '../../../src/lib/crypto/jws.ts';
import { publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { FreshKeys } from '../../../src/lib/recording/fresh-keys.ts';
import { Pseudonyms } from '../../../src/lib/recording/pseudonyms.ts';
import type { RecordedAnswer, RecordedCertificates } from '../../../src/lib/recording/recorded-answer.ts';
import { Conversation } from '../../../src/lib/recording/reissue-answer.ts';
import { parseJwks } from '../../../src/lib/spiffe/bundle.ts';
import { parseJwtSvid } from '../../../src/lib/spiffe/jwt-svid.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { issue, issueCa, NOW_MS } from '../crypto/test-ca.ts';

const ID = 'spiffe://example.org/billing/api';
const text = ({ certificate }: { certificate: Certificate }): string => Buffer.from(certificate.der).toString('base64');
const read = (recorded: RecordedCertificates | undefined): Certificate[] =>
  recorded === undefined || 'malformed_bytes' in recorded
    ? []
    : recorded.map((each) => Certificate.parse(Buffer.from(each, 'base64')));

function conversation(options: { pseudonyms?: Pseudonyms; shiftMs?: number } = {}): Conversation {
  return new Conversation({ keys: new FreshKeys(), pseudonyms: options.pseudonyms, shiftMs: options.shiftMs ?? 0 });
}

async function identity() {
  const root = await issueCa({ uris: ['spiffe://example.org'] });
  const middle = await issueCa({ uris: ['spiffe://example.org'] }, root);
  const leaf = await issue(
    { uris: [ID], dnsNames: ['billing.internal'], extendedKeyUsages: ['serverAuth', 'clientAuth'] },
    middle,
  );
  const answer: RecordedAnswer & { kind: 'x509_svids' } = {
    kind: 'x509_svids',
    svids: [
      { spiffe_id: ID, certificates: [text(leaf), text(middle)], key: 'matches', bundle: [text(root)], hint: 'main' },
    ],
    federated_bundles: {},
  };
  return { root, middle, leaf, answer };
}

describe('certificates in a conversation', () => {
  test('are made anew in the same shape, with other keys', async () => {
    const { leaf, middle, root, answer } = await identity();
    const made = await conversation({ shiftMs: 1_000_000 }).answer(answer);
    if (made.kind !== 'x509_svids') throw new Error('another kind');
    const [svid] = made.svids;
    const [chain, roots] = [read(svid?.certificates), read(svid?.bundle)];
    expect(leadsTo(chain, roots, NOW_MS + 1_000_000)).toBe(true);
    expect(leadsTo(chain, [root.certificate], NOW_MS)).toBe(false);
    const pairs = [...chain, ...roots].map((each, index) => [each, [leaf, middle, root][index]?.certificate] as const);
    for (const [now, before] of pairs) {
      expect(before).toBeDefined();
      expect(Buffer.compare(now.publicKeyDer, before?.publicKeyDer ?? Buffer.alloc(0))).not.toBe(0);
      expect(now.notAfterMs).toBe((before?.notAfterMs ?? 0) + 1_000_000);
      expect([...now.extensions.keys()]).toEqual([...(before?.extensions.keys() ?? [])]);
      expect([now.uris, now.dnsNames, now.isCa, now.serialNumber]).toEqual([
        before?.uris,
        before?.dnsNames,
        before?.isCa,
        before?.serialNumber,
      ]);
      expect(now.subject.rfc2253()).toBe(before?.subject.rfc2253());
    }
  });

  test('come out the same each time, so that what did not change does not', async () => {
    const { answer } = await identity();
    const one = conversation();
    expect(await one.answer(answer)).toEqual(await one.answer(answer));
  });

  test('that lead nowhere still lead nowhere', async () => {
    const { answer } = await identity();
    const stranger = await issueCa({ uris: ['spiffe://example.org'] });
    const [svid] = answer.svids;
    if (svid === undefined) throw new Error('no SVID');
    const made = await conversation().answer({ ...answer, svids: [{ ...svid, bundle: [text(stranger)] }] });
    if (made.kind !== 'x509_svids') throw new Error('another kind');
    expect(leadsTo(read(made.svids[0]?.certificates), read(made.svids[0]?.bundle), NOW_MS)).toBe(false);
  });

  test('that never end still never end', async () => {
    const notAfter = new Date(Date.UTC(9999, 11, 31, 23, 59, 59));
    const root = await issueCa({ notAfter });
    const bundles = { 'spiffe://example.org': [text(root)] };
    const made = await conversation({ shiftMs: 1e12 }).answer({ kind: 'x509_bundles', bundles });
    if (made.kind !== 'x509_bundles') throw new Error('another kind');
    expect(read(made.bundles['spiffe://example.org'])[0]?.notAfter).toEqual(notAfter);
  });

  test('keep the kinds of their keys', async () => {
    const rsa = signerFromKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    const root = await issueCa({ publicKey: rsa.publicKey, signer: rsa });
    const made = await conversation().answer({
      kind: 'x509_bundles',
      bundles: { 'spiffe://example.org': [text(root)] },
    });
    if (made.kind !== 'x509_bundles') throw new Error('another kind');
    const [certificate] = read(made.bundles['spiffe://example.org']);
    expect(certificate?.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
  });
});

describe('tokens in a conversation', () => {
  async function token() {
    const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
    const seconds = NOW_MS / 1000;
    const claims = { sub: ID, aud: ['reports'], exp: seconds + 300, iat: seconds, tenant: 'acme-corp' };
    const signed = await signCompactJws({ alg: 'ES256', kid: 'key-of-today', typ: 'JWT' }, claims, signerFromKey(key));
    return { key, signed, jwk: { ...publicKeyToJwk(key), kid: 'key-of-today' } };
  }

  test.each([['before'], ['after']])('verify with the bundle that comes %s them', async (order) => {
    const { key, signed, jwk } = await token();
    const one = conversation({ shiftMs: 60_000 });
    const svids: RecordedAnswer = { kind: 'jwt_svids', svids: [{ spiffe_id: ID, token: signed, hint: '' }] };
    const bundles: RecordedAnswer = { kind: 'jwt_bundles', bundles: { 'spiffe://example.org': { keys: [jwk] } } };
    const made = [];
    for (const answer of order === 'before' ? [bundles, svids] : [svids, bundles]) made.push(await one.answer(answer));
    const set = made.find((each) => each.kind === 'jwt_bundles');
    const tokens = made.find((each) => each.kind === 'jwt_svids');
    if (set?.kind !== 'jwt_bundles' || tokens?.kind !== 'jwt_svids') throw new Error('another kind');
    const trustDomain = TrustDomain.parse('example.org');
    const bundle = parseJwks(trustDomain, JSON.stringify(set.bundles['spiffe://example.org']));
    const again = tokens.svids[0]?.token ?? '';
    const verified = await parseJwtSvid(again, ['reports'], bundle, { nowMs: NOW_MS + 60_000 });
    expect(verified.claims).toMatchObject({ sub: ID, exp: NOW_MS / 1000 + 360, tenant: 'acme-corp' });
    expect(again).not.toContain(signed.split('.')[2]);
    expect(JSON.stringify(set)).not.toContain(
      publicKeyToJwk(createPublicKey(key)).kty === 'EC' ? jwk.kid.repeat(2) : '',
    );
    const [fresh] = [...bundle.jwtAuthorities.values()];
    expect(fresh && Buffer.compare(publicKeyDer(fresh), publicKeyDer(key))).not.toBe(0);
  });

  test('that are none become other text of the same length', async () => {
    const made = await conversation().answer({
      kind: 'jwt_svids',
      svids: [{ spiffe_id: ID, token: 'secret-words', hint: '' }],
    });
    if (made.kind !== 'jwt_svids') throw new Error('another kind');
    expect(made.svids[0]?.token).toHaveLength('secret-words'.length);
    expect(made.svids[0]?.token).not.toContain('secret');
  });

  test('do not stay in messages', async () => {
    const { signed } = await token();
    expect(conversation().message(`cannot use ${signed} here`)).toBe('cannot use [token] here');
  });
});

describe('pseudonyms', () => {
  test('take the place of every name, the same one each time', async () => {
    const { answer } = await identity();
    const pseudonyms = new Pseudonyms();
    const one = conversation({ pseudonyms });
    const made = await one.answer(answer);
    if (made.kind !== 'x509_svids') throw new Error('another kind');
    const [svid] = made.svids;
    const chain = read(svid?.certificates);
    expect(svid?.spiffe_id).toBe('spiffe://domain-1.test/part-1/part-2');
    expect(chain[0]?.uris).toEqual([svid?.spiffe_id]);
    expect(leadsTo(chain, read(svid?.bundle), NOW_MS)).toBe(true);
    const bytes = [...chain, ...read(svid?.bundle)].map(({ der }) => Buffer.from(der).toString('latin1')).join();
    for (const name of ['example.org', 'billing', 'internal']) expect(bytes).not.toContain(name);
    expect(one.message(`${ID} may not`)).toBe('spiffe://domain-1.test/part-1/part-2 may not');
    const claims = await one.answer({
      kind: 'jwt_validation',
      spiffe_id: ID,
      claims: { sub: ID, exp: 5, tenant: 'acme' },
    });
    expect(claims).toMatchObject({ spiffe_id: svid?.spiffe_id, claims: { sub: svid?.spiffe_id, exp: 5 } });
    expect(JSON.stringify(claims)).not.toContain('acme');
    expect(await one.request({ kind: 'jwt_svid', audience: ['reports'], spiffe_id: '' })).toEqual({
      kind: 'jwt_svid',
      audience: ['audience-1'],
      spiffe_id: '',
    });
  });
});
