import { X509Certificate } from 'node:crypto';
import { Certificate } from '../../src/lib/crypto/certificate.ts';
import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { X509Certificate as AnotherCertificate, BasicConstraintsExtension } from '../unit/crypto/peculiar.ts';

/** What this package reads as a certificate, OpenSSL reads as the same one: serial number, times, key, CA flag. */
export function target(bytes: Uint8Array): void {
  let ours: Certificate;
  try {
    ours = Certificate.parse(bytes);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-certificate') return;
    throw error;
  }
  const theirs = openSsl(bytes);
  if (theirs === undefined) return;
  if (BigInt(`0x${theirs.serialNumber}`) !== ours.serialNumber) throw new Error('another serial number to OpenSSL');
  same('notBefore', theirs.validFromDate, ours.notBeforeMs);
  same('notAfter', theirs.validToDate, ours.notAfterMs);
  const spki = theirKey(theirs);
  // OpenSSL rounds a bit string of odd length; we refuse such a key when it is to be used.
  if (spki !== undefined && hasKey(ours) && Buffer.compare(spki, ours.publicKeyDer) !== 0) {
    throw new Error('another key to OpenSSL');
  }
  // OpenSSL takes none for a CA that has any extension which it cannot read, such as a CRL distribution point.
  if (ours.isCa && !theirs.ca && !mayBeCaToAnother(bytes)) throw new Error('a CA only to us');
}

function hasKey(certificate: Certificate): boolean {
  try {
    return certificate.publicKey.type === 'public';
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-key') return false;
    throw error;
  }
}

/** One that cannot read all of it says nothing of its flag. */
function mayBeCaToAnother(bytes: Uint8Array): boolean {
  try {
    return new AnotherCertificate(Buffer.from(bytes)).getExtension(BasicConstraintsExtension)?.ca === true;
  } catch {
    return true;
  }
}

/** Undefined for what OpenSSL refuses. */
function openSsl(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}

function theirKey(certificate: X509Certificate): Buffer | undefined {
  try {
    return certificate.publicKey.export({ format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function same(what: string, theirs: Date, oursMs: number): void {
  if (!Number.isNaN(theirs.getTime()) && theirs.getTime() !== oursMs) throw new Error(`another ${what} to OpenSSL`);
}
