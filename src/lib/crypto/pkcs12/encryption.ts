import { createCipheriv, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { derInteger, derNull, derOctetString, derOid, derSequence } from '../der/writer.ts';
import { Oid } from '../oids.ts';
import { KdfPurpose, pkcs12Kdf } from './password-kdf.ts';

/** Octets of a salt for a purpose, never the same for different contents; see `KeystorePassword`. */
export type SaltSource = (purpose: string, length: number) => Buffer;

/** What is encrypted, with what a reader has to know of it. */
export interface Encrypted {
  /** AlgorithmIdentifier. */
  readonly algorithm: Buffer;
  readonly ciphertext: Buffer;
}

/** As OpenSSL has it; a guess of the password costs so many hashes. */
export const ITERATIONS = 2048;

const deriveKey = promisify(pbkdf2);

/** PBES2 with PBKDF2 and HMAC-SHA256, AES-256 in CBC mode (RFC 8018 section 6.2). */
export async function encryptPbes2(plaintext: Uint8Array, password: string, saltOf: SaltSource): Promise<Encrypted> {
  const salt = saltOf('salt', 16);
  const iv = saltOf('iv', 16);
  const key = await deriveKey(Buffer.from(password, 'utf8'), salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const prf = derSequence(derOid(Oid.hmacWithSha256), derNull());
  const derivation = derSequence(derOid(Oid.pbkdf2), derSequence(derOctetString(salt), derInteger(ITERATIONS), prf));
  const scheme = derSequence(derOid(Oid.aes256Cbc), derOctetString(iv));
  return {
    algorithm: derSequence(derOid(Oid.pbes2), derSequence(derivation, scheme)),
    ciphertext: Buffer.concat([cipher.update(plaintext), cipher.final()]),
  };
}

/** PBE with SHA-1 and triple DES (RFC 7292 appendix C): all that Java 8 read before its update 301. */
export function encryptTripleDes(plaintext: Uint8Array, password: string, saltOf: SaltSource): Encrypted {
  const salt = saltOf('salt', 8);
  const input = { hash: 'sha1', password, salt, iterations: ITERATIONS } as const;
  const key = pkcs12Kdf({ ...input, purpose: KdfPurpose.key }, 24);
  const iv = pkcs12Kdf({ ...input, purpose: KdfPurpose.iv }, 8);
  const cipher = createCipheriv('des-ede3-cbc', key, iv);
  return {
    algorithm: derSequence(derOid(Oid.pbeWithSha1And3Des), derSequence(derOctetString(salt), derInteger(ITERATIONS))),
    ciphertext: Buffer.concat([cipher.update(plaintext), cipher.final()]),
  };
}
