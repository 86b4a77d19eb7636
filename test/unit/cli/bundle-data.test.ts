import { beforeAll, describe, expect, it } from 'vitest';
import { fromWireBundle, parseBundleData, parseBundleFormat } from '../../../src/lib/cli/bundle-data.ts';
import {
  bundleTable,
  formatBundle,
  formatBundleCount,
  formatListedBundle,
} from '../../../src/lib/cli/pretty/bundle.ts';
import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { issueCertificate } from '../../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { pemEncode } from '../../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { Bundle as WireBundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';

let root: Certificate;
let pem: string;
let bundle: WireBundle;

beforeAll(async () => {
  const key = await generateKey('ec-p256');
  const subject = Name.of({ country: ['US'], organization: ['SPIFFE'] });
  root = await issueCertificate({
    subject,
    issuer: subject,
    uris: ['spiffe://far.example'],
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2036-01-01T00:00:00Z'),
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    publicKey: key,
    signer: signerFromKey(key),
  });
  pem = pemEncode('CERTIFICATE', root.der);
  bundle = WireBundle.create({
    trustDomain: 'far.example',
    x509Authorities: [{ asn1: root.der }],
    jwtAuthorities: [{ keyId: 'k1', publicKey: publicKeyDer(key) }],
    refreshHint: 300n,
    sequenceNumber: 3n,
  });
});

describe('parseBundleFormat', () => {
  it('takes either format in any case, and PEM where nothing is said', () => {
    expect(['', 'pem', 'PEM', 'Spiffe'].map(parseBundleFormat)).toEqual(['pem', 'pem', 'pem', 'spiffe']);
  });

  it('refuses others in the words of SPIRE', () => {
    expect(() => parseBundleFormat('Nonsense')).toThrow('invalid format: "nonsense"');
  });
});

describe('parseBundleData', () => {
  it('reads what formatBundle writes as a document', () => {
    const document = Buffer.from(formatBundle(bundle, 'spiffe'));
    expect(parseBundleData(document, 'spiffe', 'spiffe://far.example')).toEqual(bundle);
  });

  it('reads what formatBundle writes as PEM, and leaves the trust domain to the server to check', () => {
    expect(parseBundleData(Buffer.from(formatBundle(bundle, 'pem')), 'pem', 'spiffe://far.example')).toEqual(
      WireBundle.create({ trustDomain: 'spiffe://far.example', x509Authorities: [{ asn1: root.der }] }),
    );
  });

  it.each([
    ['pem', '{}', 'unable to parse bundle data: no PEM blocks'],
    [
      'pem',
      pemEncode('PUBLIC KEY', Buffer.from('x')),
      'unable to parse bundle data: expected block type "CERTIFICATE"; got "PUBLIC KEY"',
    ],
  ] as const)('refuses as %s what is none', (format, text, message) => {
    expect(() => parseBundleData(Buffer.from(text), format, 'far.example')).toThrow(message);
  });

  it('names the PEM block and the kind of document that it could not read', () => {
    const broken = Buffer.from(pem + pemEncode('CERTIFICATE', root.der.subarray(0, 20)));
    expect(() => parseBundleData(broken, 'pem', 'far.example')).toThrow(
      /^unable to parse bundle data: unable to parse "CERTIFICATE" PEM block 2: /,
    );
    expect(() => parseBundleData(Buffer.from('x'), 'spiffe', 'far.example')).toThrow(
      "unable to parse to spiffe bundle: spiffebundle: unable to parse JWKS: invalid character 'x' looking for beginning of value",
    );
    expect(() => parseBundleData(Buffer.from('{}'), 'spiffe', 'FAR')).toThrow(
      expect.objectContaining({ code: 'invalid-trust-domain' }),
    );
  });
});

describe('fromWireBundle', () => {
  it('leaves out a hint and a number that the server left at zero', () => {
    const domain = fromWireBundle({ ...bundle, refreshHint: 0n, sequenceNumber: 0n });
    expect([domain.refreshHint, domain.sequenceNumber]).toEqual([undefined, undefined]);
  });

  it('names the authority that it could not read', () => {
    const wrong = WireBundle.create({ ...bundle, x509Authorities: [{ asn1: root.der }, { asn1: Buffer.from('x') }] });
    expect(() => fromWireBundle(wrong)).toThrow(/^unable to parse root CA 1: /);
    const wrongKey = WireBundle.create({ ...bundle, jwtAuthorities: [{ keyId: 'k', publicKey: Buffer.from('x') }] });
    expect(() => fromWireBundle(wrongKey)).toThrow(/^unable to parse JWT signing key 0: /);
  });
});

describe('the texts of bundle commands', () => {
  it('put each bundle of a list below its trust domain, with an empty line between them', () => {
    const line = '*'.repeat(40);
    const heading = `${line}\n* far.example\n${line}\n`;
    const list = [bundle, bundle].map((each, index) => formatListedBundle(each, 'pem', index));
    expect(list.join('')).toBe(`${heading}${pem}\n${heading}${pem}`);
  });

  it('count', () => {
    expect([0, 1].map(formatBundleCount)).toEqual(['0 bundles\n', '1 bundle\n']);
  });

  it('tell in a table how many authorities are tainted', () => {
    const tainted = WireBundle.create({
      ...bundle,
      refreshHint: 0n,
      x509Authorities: [{ asn1: root.der, tainted: true }],
    });
    expect(bundleTable([bundle, tainted]).rows).toEqual([
      ['far.example', '1', '1', '3', '300 s'],
      ['far.example', '1 (1 tainted)', '1', '3', 'none'],
    ]);
  });
});
