import { createHmac, hash, type KeyObject } from 'node:crypto';
import type { Certificate } from '../certificate.ts';
import { Tag } from '../der/tags.ts';
import {
  derExplicit,
  derImplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSetOf,
  derValue,
} from '../der/writer.ts';
import { privateKeyToPkcs8 } from '../key.ts';
import { Oid } from '../oids.ts';
import { type Encrypted, encryptPbes2, encryptTripleDes, ITERATIONS, type SaltSource } from './encryption.ts';
import { bmpString, KdfPurpose, pkcs12Kdf } from './password-kdf.ts';

/** What a PKCS#12 file is locked with. */
export interface KeystorePassword {
  readonly password: string;
  /** `modern` is PBES2 with AES-256 and HMAC-SHA256; `jdk8` is triple DES and SHA-1, for Java 8 before its update 301. */
  readonly strength: 'modern' | 'jdk8';
}

/** A private key with its chain, leaf first. */
export interface KeyEntry {
  readonly alias: string;
  readonly key: KeyObject;
  readonly chain: readonly Certificate[];
}

/**
 * Writes a PKCS#12 file (RFC 7292) with a private key and its chain. There is no reader here, and so nothing that has to
 * bear hostile input; a library for both would weigh as much as the rest of a command.
 *
 * Salts and initialisation vectors are not random: they are drawn from the private key and all that is written, so that
 * the same entry gives the same file, and different ones never share any. Without the key nobody can tell them from
 * random ones.
 */
export async function createKeystore({ alias, key, chain }: KeyEntry, password: KeystorePassword): Promise<Buffer> {
  const pkcs8 = privateKeyToPkcs8(key);
  const localKeyId = attribute(Oid.localKeyId, derOctetString(hash('sha1', chain[0]?.der ?? pkcs8, 'buffer')));
  const own = [attribute(Oid.friendlyName, derBmpString(alias)), localKeyId];
  const certificates = chain.map(({ der }, index) => certificateBag(der, index === 0 ? own : []));
  const contents = derSequence(...certificates);
  const saltOf = salts(pkcs8, contents, password);
  const locked = await encrypt(pkcs8, password, (purpose, length) => saltOf(`key ${purpose}`, length));
  const shrouded = derSequence(locked.algorithm, derOctetString(locked.ciphertext));
  const keyBag = derSequence(derOid(Oid.shroudedKeyBag), derExplicit(0, shrouded), derSetOf(own));
  return createFile(
    [await encryptedContents(contents, password, saltOf), plainContents(derSequence(keyBag))],
    password,
    saltOf,
  );
}

/** Certificates that are trusted. */
export interface TrustEntries {
  /** Each goes by this with a dot and its number from 0. */
  readonly alias: string;
  readonly certificates: readonly Certificate[];
  /** A private key that salts are drawn from; it is not written. */
  readonly seed: KeyObject;
}

/** Writes a PKCS#12 file of certificates that Java trusts; see {@link createKeystore}. */
export async function createTruststore(entries: TrustEntries, password: KeystorePassword): Promise<Buffer> {
  const bags = entries.certificates.map(({ der }, index) =>
    certificateBag(der, [
      attribute(Oid.friendlyName, derBmpString(`${entries.alias}.${index}`)),
      attribute(Oid.javaTrustedKeyUsage, derOid(Oid.anyExtendedKeyUsage)),
    ]),
  );
  const contents = derSequence(...bags);
  const saltOf = salts(privateKeyToPkcs8(entries.seed), contents, password);
  return createFile([await encryptedContents(contents, password, saltOf)], password, saltOf);
}

/** AuthenticatedSafe and its MAC (RFC 7292 section 4). */
function createFile(contents: readonly Buffer[], { password, strength }: KeystorePassword, saltOf: SaltSource): Buffer {
  const safe = derSequence(...contents);
  const digest = strength === 'modern' ? 'sha256' : 'sha1';
  const salt = saltOf('mac salt', 16);
  const input = { hash: digest, purpose: KdfPurpose.mac, password, salt, iterations: ITERATIONS } as const;
  const mac = createHmac(digest, pkcs12Kdf(input, digest === 'sha256' ? 32 : 20))
    .update(safe)
    .digest();
  const algorithm = derSequence(derOid(Oid[digest]), derNull());
  const digestInfo = derSequence(algorithm, derOctetString(mac));
  return derSequence(
    derInteger(3),
    plainContents(safe),
    derSequence(digestInfo, derOctetString(salt), derInteger(ITERATIONS)),
  );
}

function plainContents(contents: Buffer): Buffer {
  return derSequence(derOid(Oid.pkcs7Data), derExplicit(0, derOctetString(contents)));
}

async function encryptedContents(contents: Buffer, password: KeystorePassword, saltOf: SaltSource): Promise<Buffer> {
  const { algorithm, ciphertext } = await encrypt(contents, password, (purpose, length) =>
    saltOf(`certificates ${purpose}`, length),
  );
  const info = derSequence(derOid(Oid.pkcs7Data), algorithm, derImplicit(0, ciphertext));
  return derSequence(derOid(Oid.pkcs7EncryptedData), derExplicit(0, derSequence(derInteger(0), info)));
}

async function encrypt(
  plaintext: Buffer | Uint8Array,
  { password, strength }: KeystorePassword,
  saltOf: SaltSource,
): Promise<Encrypted> {
  return strength === 'modern'
    ? encryptPbes2(plaintext, password, saltOf)
    : encryptTripleDes(plaintext, password, saltOf);
}

/** A pseudorandom function under a key that is as secret as what it protects. */
function salts(secret: Uint8Array, contents: Uint8Array, { password, strength }: KeystorePassword): SaltSource {
  const all = hash('sha256', Buffer.concat([hash('sha256', password, 'buffer'), contents]), 'buffer');
  return (purpose, length) =>
    createHmac('sha256', secret)
      .update(`spirekit pkcs12 ${strength} ${purpose}\0`)
      .update(all)
      .digest()
      .subarray(0, length);
}

function certificateBag(der: Uint8Array, attributes: readonly Buffer[]): Buffer {
  const certificate = derSequence(derOid(Oid.x509CertificateBag), derExplicit(0, derOctetString(der)));
  const bag = [derOid(Oid.certBag), derExplicit(0, certificate)];
  return derSequence(...bag, ...(attributes.length > 0 ? [derSetOf(attributes)] : []));
}

function attribute(oid: string, value: Buffer): Buffer {
  return derSequence(derOid(oid), derSetOf([value]));
}

function derBmpString(text: string): Buffer {
  return derValue(Tag.bmpString, bmpString(text));
}
