import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { generateKey, privateKeyToPkcs8 } from '../../../src/lib/crypto/key.ts';
import { pemEncode } from '../../../src/lib/crypto/pem.ts';
import { Bundle } from '../../../src/lib/spiffe/bundle.ts';
import { BundleSet } from '../../../src/lib/spiffe/bundle-set.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { getSpiffeId, parseX509Svid, parseX509SvidPem, verifyX509Svid } from '../../../src/lib/spiffe/x509-svid.ts';
import { type Issued, issue, issueCa, NOW_MS } from '../crypto/test-ca.ts';

const uris = ['spiffe://example.org/a'];
const root = await issueCa({ uris: ['spiffe://example.org'] });
const partnerRoot = await issueCa({ uris: ['spiffe://partner.example'] });
const intermediate = await issueCa({ uris: ['spiffe://example.org'] }, root);
const svid = await issue({ uris, keyUsages: ['digitalSignature', 'keyAgreement'] }, intermediate);
const bundles = new BundleSet([
  new Bundle(TrustDomain.parse('example.org'), { x509Authorities: [root.certificate] }),
  new Bundle(TrustDomain.parse('partner.example'), { x509Authorities: [partnerRoot.certificate] }),
]);

const verify = (...chain: Issued[]) =>
  verifyX509Svid(
    chain.map(({ certificate }) => certificate),
    bundles,
    { nowMs: NOW_MS },
  );
const concat = (...issued: Issued[]): Buffer => Buffer.concat(issued.map(({ certificate }) => certificate.der));

describe('verifyX509Svid', () => {
  it('gives the ID and the chains of a peer that is verified', () => {
    const { id, chains } = verify(svid, intermediate);
    expect(id.toString()).toBe('spiffe://example.org/a');
    expect(chains.map((chain) => chain.map((one: Certificate) => one.subject.commonName))).toEqual([
      ['test', 'intermediate', 'root'],
    ]);
  });

  it('lets no CA speak for another trust domain', async () => {
    const forged = await issue({ uris }, partnerRoot);
    expect(() => verify(forged)).toThrow(/unknown authority/);
    const foreign = await issue({ uris: ['spiffe://partner.example/a'] }, root);
    expect(() => verify(foreign)).toThrow(/unknown authority/);
    expect(verify(await issue({ uris: ['spiffe://partner.example/a'] }, partnerRoot)).id.trustDomain.name).toBe(
      'partner.example',
    );
  });

  it('refuses a trust domain without a bundle', async () => {
    const stranger = await issue({ uris: ['spiffe://sub.example.org/a'] }, root);
    expect(() => verify(stranger)).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('trusts nothing by an empty bundle', () => {
    const empty = new Bundle(TrustDomain.parse('example.org'));
    expect(() => verifyX509Svid([svid.certificate, intermediate.certificate], empty, { nowMs: NOW_MS })).toThrow(
      /unknown/,
    );
  });

  it.each([
    ['no URI', { uris: [] }, /no URI SAN/],
    ['two URIs', { uris: [...uris, ...uris] }, /more than one URI SAN/],
    ['a SPIFFE ID and another URI', { uris: [...uris, 'https://x'] }, /more than one URI SAN/],
    ['another URI', { uris: ['https://example.org/a'] }, /scheme is missing/],
    ['no path', { uris: ['spiffe://example.org'] }, /non-root path/],
    ['the CA flag', { uris, isCa: true }, /CA flag/],
    ['keyCertSign', { uris, keyUsages: ['digitalSignature', 'keyCertSign'] as const }, /keyCertSign/],
    ['cRLSign', { uris, keyUsages: ['digitalSignature', 'cRLSign'] as const }, /cRLSign/],
    ['a key usage without digitalSignature', { uris, keyUsages: ['keyAgreement'] as const }, /digitalSignature/],
  ])('refuses a leaf with %s', async (_, overrides, message) => {
    const leaf = await issue(overrides, root);
    expect(() => verify(leaf)).toThrow(message);
    expect(() => verify(leaf)).toThrow(expect.objectContaining({ code: 'invalid-x509-svid' }));
  });

  it('accepts a leaf without a key usage, as validators in use do', async () => {
    expect(verify(await issue({ uris, keyUsages: [] }, root)).id.path).toBe('/a');
  });

  it('refuses an empty chain', () => {
    expect(() => verify()).toThrow(/empty/);
  });
});

describe('parseX509Svid', () => {
  it('reads what the Workload API sends', () => {
    const parsed = parseX509Svid(concat(svid, intermediate), privateKeyToPkcs8(svid.key), 'internal');
    expect(parsed.id.toString()).toBe('spiffe://example.org/a');
    expect(parsed.certificates).toHaveLength(2);
    expect(parsed.hint).toBe('internal');
    expect(getSpiffeId(intermediate.certificate).path).toBe('');
  });

  it('does not look at the time', async () => {
    const expired = await issue({ uris, notAfter: new Date(NOW_MS - 1000) }, root);
    expect(parseX509Svid(expired.certificate.der, privateKeyToPkcs8(expired.key)).id.path).toBe('/a');
  });

  it('refuses the key of another', async () => {
    const other = privateKeyToPkcs8(await generateKey('ec-p256'));
    expect(() => parseX509Svid(svid.certificate.der, other)).toThrow('leaf certificate does not match private key');
  });

  it('refuses a leaf without a key usage', async () => {
    const leaf = await issue({ uris, keyUsages: [] }, root);
    expect(() => parseX509Svid(leaf.certificate.der, privateKeyToPkcs8(leaf.key))).toThrow(/digitalSignature/);
  });

  it('refuses a chain whose second certificate is no CA or may not sign', async () => {
    const key = privateKeyToPkcs8(svid.key);
    const noSign = await issueCa({ keyUsages: ['cRLSign'] }, root);
    expect(() => parseX509Svid(concat(svid, svid), key)).toThrow(/CA flag/);
    expect(() => parseX509Svid(concat(svid, noSign), key)).toThrow(/keyCertSign/);
  });

  it.each([
    ['no certificate', new Uint8Array(), privateKeyToPkcs8(svid.key)],
    ['garbage as certificate', Buffer.from('garbage'), privateKeyToPkcs8(svid.key)],
    ['garbage as key', svid.certificate.der, Buffer.from('garbage')],
    ['a SEC1 key', svid.certificate.der, svid.key.export({ format: 'der', type: 'sec1' })],
  ])('refuses %s', (_, certificates, key) => {
    expect(() => parseX509Svid(certificates, key)).toThrow(expect.objectContaining({ code: 'invalid-x509-svid' }));
  });

  it('reads PEM files, also when both are one', () => {
    const pem = `${svid.certificate.toPem()}${intermediate.certificate.toPem()}${pemEncode('PRIVATE KEY', privateKeyToPkcs8(svid.key))}`;
    expect(parseX509SvidPem(pem, pem).certificates).toHaveLength(2);
    expect(() => parseX509SvidPem(pem, svid.certificate.toPem())).toThrow('no private key found');
    expect(() => parseX509SvidPem('', pem)).toThrow('no certificates found');
  });
});
