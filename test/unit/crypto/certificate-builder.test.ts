import { X509Certificate as NodeCertificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { issueCertificate, randomSerialNumber } from '../../../src/lib/crypto/certificate-builder.ts';
import { KEY_USAGES } from '../../../src/lib/crypto/extensions.ts';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { BasicConstraintsExtension, X509Certificate as PeculiarCertificate } from './peculiar.ts';
import { issue, issueCa, NOW_MS } from './test-ca.ts';

const ca = await issueCa({ uris: ['spiffe://example.org'] });

describe('issueCertificate', () => {
  it('writes what it was told, whatever that is', async () => {
    const template = fc.record({
      serialNumber: fc.bigInt({ min: 1n, max: 2n ** 159n - 1n }),
      commonName: fc.string({ unit: 'grapheme', maxLength: 40 }),
      dnsNames: fc.array(fc.domain(), { maxLength: 3 }),
      path: fc.array(fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/), { minLength: 1, maxLength: 3 }),
      keyUsages: fc.uniqueArray(fc.constantFrom(...KEY_USAGES), { minLength: 1 }),
      notBeforeSeconds: fc.integer({ min: -1_000_000_000, max: 4_000_000_000 }),
      lifetimeSeconds: fc.integer({ min: 0, max: 4_000_000_000 }),
    });
    await fc.assert(
      fc.asyncProperty(template, async (given) => {
        const uri = `spiffe://example.org/${given.path.join('/')}`;
        const { certificate } = await issue(
          {
            serialNumber: given.serialNumber,
            subject: Name.of({ commonName: given.commonName }),
            uris: [uri],
            dnsNames: given.dnsNames,
            keyUsages: given.keyUsages,
            notBefore: new Date(given.notBeforeSeconds * 1000),
            notAfter: new Date((given.notBeforeSeconds + given.lifetimeSeconds) * 1000),
          },
          ca,
        );
        expect(certificate.serialNumber).toBe(given.serialNumber);
        expect(certificate.subject.commonName).toBe(given.commonName);
        expect(certificate.uris).toEqual([uri]);
        expect(certificate.dnsNames).toEqual(given.dnsNames);
        expect([...(certificate.keyUsages ?? [])].toSorted()).toEqual(given.keyUsages.toSorted());
        expect(certificate.notBeforeMs).toBe(given.notBeforeSeconds * 1000);
        expect(certificate.notAfterMs - certificate.notBeforeMs).toBe(given.lifetimeSeconds * 1000);

        const node = new NodeCertificate(certificate.der);
        expect(BigInt(`0x${node.serialNumber}`)).toBe(given.serialNumber);
        expect(node.subjectAltName).toContain(`URI:${uri}`);
        expect(node.validFromDate.getTime()).toBe(certificate.notBeforeMs);
        expect(node.validToDate.getTime()).toBe(certificate.notAfterMs);
        expect(node.verify(ca.certificate.publicKey)).toBe(true);
        expect(node.ca).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('makes CAs that @peculiar/x509 reads and verifies', async () => {
    const { certificate } = await issueCa({ pathLength: 2 }, ca);
    const peculiar = new PeculiarCertificate(Buffer.from(certificate.der));
    const constraints = peculiar.getExtension(BasicConstraintsExtension);
    expect(constraints).toMatchObject({ ca: true, pathLength: 2, critical: true });
    expect(peculiar.issuer).toBe('C=US, O=SPIFFE, CN=root');
    const publicKey = new PeculiarCertificate(Buffer.from(ca.certificate.der));
    expect(await peculiar.verify({ publicKey, date: new Date(NOW_MS) })).toBe(true);
  });

  it.each(['ec-p256', 'ec-p384', 'rsa-2048'] as const)('signs with %s keys so that OpenSSL agrees', async (type) => {
    const signer = signerFromKey(await generateKey(type));
    const name = Name.of({ commonName: type });
    const root = await issueCa({ subject: name, issuer: name, publicKey: signer.publicKey, signer });
    expect(new NodeCertificate(root.certificate.der).verify(signer.publicKey)).toBe(true);
    expect(root.certificate.isSignedBy(signer.publicKey)).toBe(true);
  });

  it('marks the names critical exactly when there is no subject', async () => {
    const critical = async (subject: Name): Promise<boolean | undefined> => {
      const { certificate } = await issue({ subject, uris: ['spiffe://example.org/a'] }, ca);
      return certificate.extensions.get('2.5.29.17')?.isCritical;
    };
    expect(await critical(Name.of({}))).toBe(true);
    expect(await critical(Name.of({ organization: ['SPIRE'] }))).toBe(false);
  });

  it('writes extensions in the order of Go', async () => {
    const { certificate } = await issue({ uris: ['spiffe://example.org/a'], extendedKeyUsages: ['serverAuth'] }, ca);
    const order = [...certificate.extensions.keys()].map((oid) => Number(oid.split('.').at(-1)));
    expect(order).toEqual([15, 37, 19, 14, 35, 17]);
  });

  it.each([
    ['a serial number of zero', { serialNumber: 0n }],
    ['a negative serial number', { serialNumber: -1n }],
    ['a serial number over 20 octets', { serialNumber: 2n ** 159n }],
    ['an end before the start', { notAfter: new Date(0) }],
    ['a URI that is not ASCII', { uris: ['spiffe://example.org/é'] }],
  ])('refuses %s', async (_, overrides) => {
    await expect(issue(overrides, ca)).rejects.toMatchObject({ code: 'invalid-certificate' });
  });

  it('lets the signer’s failure through', async () => {
    const failing = { publicKey: ca.signer.publicKey, sign: () => Promise.reject(new Error('gone')) };
    await expect(issue({ signer: failing })).rejects.toThrow('gone');
  });

  it('takes the subject’s key as bytes or as either half', async () => {
    const { certificate, key } = await issue({}, ca);
    const template = {
      subject: Name.of({}),
      issuer: ca.certificate.subject,
      notBefore: new Date(0),
      notAfter: new Date(0),
      isCa: false,
      keyUsages: [],
      signer: ca.signer,
    };
    const fromBytes = await issueCertificate({ ...template, publicKey: certificate.publicKeyDer });
    const fromPrivate = await issueCertificate({ ...template, publicKey: key });
    expect(fromPrivate.publicKeyDer).toEqual(fromBytes.publicKeyDer);
    expect(Certificate.parse(fromBytes.der).keyUsages).toBeUndefined();
  });
});

describe('randomSerialNumber', () => {
  it('is positive and differs each time', () => {
    const numbers = new Set(Array.from({ length: 100 }, randomSerialNumber));
    expect(numbers.size).toBe(100);
    for (const number of numbers) expect(number > 0n && number <= 2n ** 128n).toBe(true);
  });
});
