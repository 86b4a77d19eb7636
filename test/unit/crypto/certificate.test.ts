import { X509Certificate as NodeCertificate } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { CryptoError } from '../../../src/lib/crypto/crypto-error.ts';
import { derBoolean, derInteger, derOctetString, derOid, derSequence } from '../../../src/lib/crypto/der/writer.ts';
import { pemDecodeAll } from '../../../src/lib/crypto/pem.ts';
import { issue, issueCa } from './test-ca.ts';

const ca = await issueCa({ uris: ['spiffe://example.org'] });
const { certificate } = await issue({ uris: ['spiffe://example.org/a'], dnsNames: ['a.example'] }, ca);
const vectors = join(dirname(fileURLToPath(import.meta.url)), '../../vectors');

/** The certificate with bytes replaced, which breaks the signature only. */
function patch(from: Uint8Array, to: Uint8Array): Buffer {
  const der = Buffer.from(certificate.der);
  const at = der.indexOf(from);
  expect(at).toBeGreaterThan(0);
  return Buffer.concat([der.subarray(0, at), to, der.subarray(at + from.length)]);
}

describe('Certificate', () => {
  it('refuses anything after it, and anything less', () => {
    expect(() => Certificate.parse(Buffer.concat([certificate.der, Buffer.from([0])]))).toThrow(/trailing data/);
    expect(() => Certificate.parse(certificate.der.subarray(0, -1))).toThrow(/cut short/);
    expect(() => Certificate.parse(new Uint8Array())).toThrow(CryptoError);
  });

  it('parses certificates that follow each other', () => {
    const all = Certificate.parseAll(Buffer.concat([certificate.der, ca.certificate.der]));
    expect(all.map((one) => one.subject.commonName)).toEqual(['test', 'root']);
    expect(Certificate.parseAll(new Uint8Array())).toEqual([]);
    expect(() => Certificate.parseAll(Buffer.concat([certificate.der, Buffer.from([0])]))).toThrow(/certificate/);
  });

  it('is not touched by later changes of the bytes it was parsed from', () => {
    const bytes = Buffer.from(certificate.der);
    const parsed = Certificate.parse(bytes);
    bytes.fill(0);
    expect(parsed.equals(certificate)).toBe(true);
    expect(parsed.isSignedBy(ca.certificate.publicKey)).toBe(true);
  });

  it('survives PEM', () => {
    const pem = `${certificate.toPem()}${ca.certificate.toPem()}`;
    expect(Certificate.parsePem(pem).map((one) => one.equals(certificate))).toEqual([true, false]);
  });

  it('was signed by its issuer and nobody else', () => {
    expect(certificate.isSignedBy(ca.certificate.publicKey)).toBe(true);
    expect(certificate.isSignedBy(certificate.publicKey)).toBe(false);
  });

  it('refuses a negative serial number', () => {
    const serial = derInteger(certificate.serialNumber);
    const negative = Buffer.from(serial);
    negative[2] = 0x80;
    if (serial.length === 19) negative[3] = 0x00;
    expect(() => Certificate.parse(patch(serial, negative))).toThrow(/negative serial number/);
  });

  it('refuses an unknown version', () => {
    const version = Buffer.from('a003020102', 'hex');
    expect(() => Certificate.parse(patch(version, Buffer.from('a003020103', 'hex')))).toThrow(/unknown version/);
  });

  it('refuses an inner algorithm that differs from the outer one', () => {
    const sha256 = derOid('1.2.840.10045.4.3.2');
    expect(() => Certificate.parse(patch(sha256, derOid('1.2.840.10045.4.3.3')))).toThrow(/differ/);
  });

  it('refuses the same extension twice', () => {
    const keyUsage = derOid('2.5.29.15');
    expect(() => Certificate.parse(patch(keyUsage, derOid('2.5.29.19')))).toThrow(/twice/);
  });

  it('remembers critical extensions that nobody understands', () => {
    const keyUsage = derSequence(derOid('2.5.29.15'), derBoolean(true), derOctetString(Buffer.from('03020780', 'hex')));
    const unknown = Buffer.from(keyUsage);
    unknown[6] = 0x7f;
    expect(Certificate.parse(patch(keyUsage, unknown)).unhandledCriticalExtensions).toEqual(['2.5.29.127']);
    expect(certificate.unhandledCriticalExtensions).toEqual([]);
  });

  it('refuses a key that is off its curve when the key is asked for', () => {
    const point = certificate.publicKeyDer.slice(-65);
    const off = Uint8Array.from(point);
    off[64] = (off[64] ?? 0) ^ 1;
    const parsed = Certificate.parse(patch(point, off));
    expect(() => parsed.publicKey).toThrow(expect.objectContaining({ code: 'invalid-key' }));
  });

  it('reads the same as OpenSSL does in certificates of others', () => {
    let compared = 0;
    for (const file of globSync('{x509,keypair,ca}/*.pem', { cwd: vectors })) {
      for (const { label, der } of pemDecodeAll(readFileSync(join(vectors, file)))) {
        if (label !== 'CERTIFICATE') continue;
        let ours: Certificate;
        try {
          ours = Certificate.parse(der);
        } catch {
          continue;
        }
        const node = new NodeCertificate(der);
        expect(BigInt(`0x${node.serialNumber}`)).toBe(ours.serialNumber);
        // OpenSSL counts a CA that may not sign certificates as none.
        expect(node.ca, file).toBe(ours.isCa && ours.keyUsages?.has('keyCertSign') !== false);
        expect(node.validFromDate.getTime()).toBe(ours.notBeforeMs);
        expect(node.validToDate.getTime()).toBe(ours.notAfterMs);
        expect(node.publicKey.equals(ours.publicKey)).toBe(true);
        expect(node.verify(node.publicKey)).toBe(ours.isSignedBy(ours.publicKey));
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(80);
  });
});
