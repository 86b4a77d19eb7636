import { type KeyObject, randomBytes } from 'node:crypto';
import { Certificate } from '../crypto/certificate.ts';
import { derBitString, derExplicit, derInteger, derOctetString, derSequence, derTime } from '../crypto/der/writer.ts';
import { type Extension, encodeAuthorityKeyId, encodeExtension } from '../crypto/extensions.ts';
import { encodeSubjectAltNames } from '../crypto/general-names.ts';
import { publicKeyDer, subjectKeyId } from '../crypto/key.ts';
import { Name } from '../crypto/name.ts';
import { Oid } from '../crypto/oids.ts';
import { getDefaultSignatureAlgorithm } from '../crypto/signature-algorithm.ts';
import { signerFromKey } from '../crypto/signer.ts';
import type { FreshKeys } from './fresh-keys.ts';
import type { Pseudonyms } from './pseudonyms.ts';

/** How certificates are made anew. */
export interface ReissueOptions {
  readonly keys: FreshKeys;
  /** Undefined: names stay. */
  readonly pseudonyms: Pseudonyms | undefined;
  /** Added to each moment. */
  readonly shiftMs: number;
}

/** More issuers than a conversation has; those of it that came first are forgotten. */
const MOST_KNOWN = 5_000;

/**
 * Makes certificates anew: the same names, times, extensions and issuers, with other keys. One whose issuer is not known, or
 * whose signature does not verify, gets a signature that does not lead to any certificate here either: what was broken
 * stays broken. The same certificate comes out the same each time.
 */
export class Reissuer {
  readonly #options: ReissueOptions;
  readonly #known = new Map<string, Certificate>();
  readonly #made = new Map<string, Promise<Certificate>>();

  constructor(options: ReissueOptions) {
    this.#options = options;
  }

  /** Takes note of possible issuers; to be called with all certificates of an answer before the first is made anew. */
  learn(certificates: readonly Certificate[]): void {
    for (const certificate of certificates) {
      if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value ?? '');
      this.#known.set(nameOf(certificate), certificate);
    }
  }

  reissue(certificate: Certificate): Promise<Certificate> {
    const name = nameOf(certificate);
    const made = this.#made.get(name) ?? this.#make(certificate);
    this.#made.set(name, made);
    return made;
  }

  async #make(old: Certificate): Promise<Certificate> {
    const { keys, shiftMs, pseudonyms } = this.#options;
    const issuer = [...this.#known.values()].find((candidate) => isIssuedBy(old, candidate));
    const key = await keys.forKey(old.publicKeyDer);
    // Whoever signs for an unknown issuer is the same for all certificates that name it.
    const stranger = Buffer.concat([old.issuer.der, old.authorityKeyId ?? Buffer.alloc(0)]);
    const issuerKey = await keys.forKey(issuer?.publicKeyDer ?? stranger);
    const signer = signerFromKey(issuerKey);
    const algorithm = getDefaultSignatureAlgorithm(signer.publicKey);
    const extensions = [...old.extensions.values()].map((extension) => this.#extension(extension, old, key, issuerKey));
    const serial = pseudonyms === undefined ? old.serialNumber : BigInt(`0x${randomBytes(8).toString('hex')}`) + 1n;
    const tbs = derSequence(
      ...(old.version > 1 ? [derExplicit(0, derInteger(old.version - 1))] : []),
      derInteger(serial),
      algorithm.der,
      this.#name(old.issuer),
      derSequence(derTime(shifted(old.notBeforeMs, shiftMs)), derTime(shifted(old.notAfterMs, shiftMs))),
      this.#name(old.subject),
      publicKeyDer(key),
      ...(extensions.length > 0 ? [derExplicit(3, derSequence(...extensions))] : []),
    );
    return Certificate.parse(derSequence(tbs, algorithm.der, derBitString(await signer.sign(tbs))));
  }

  #extension(extension: Extension, old: Certificate, key: KeyObject, issuerKey: KeyObject): Uint8Array {
    const { oid, isCritical } = extension;
    const { pseudonyms } = this.#options;
    const write = (value: Uint8Array): Uint8Array => encodeExtension({ oid, isCritical, value });
    if (oid === Oid.subjectKeyIdentifier) return write(derOctetString(subjectKeyId(publicKeyDer(key))));
    if (oid === Oid.authorityKeyIdentifier) return write(encodeAuthorityKeyId(subjectKeyId(publicKeyDer(issuerKey))));
    if (pseudonyms === undefined || KEPT_EXTENSIONS.has(oid)) return encodeExtension(extension);
    if (oid === Oid.subjectAltName) {
      const dnsNames = old.dnsNames.map((name) => pseudonyms.dnsName(name));
      return write(
        encodeSubjectAltNames(
          dnsNames,
          old.uris.map((uri) => pseudonyms.id(uri)),
        ),
      );
    }
    // What an unknown one says is not known either: as long, and nothing.
    return write(derOctetString(Buffer.alloc(extension.value.length)));
  }

  #name(name: Name): Uint8Array {
    const { pseudonyms } = this.#options;
    if (pseudonyms === undefined) return name.der;
    const others = name.rdns.flat().map(({ oid, value }) => ({
      oid,
      value: isKeptAttribute(oid, value) ? value : pseudonyms.word('name', value),
    }));
    return Name.of({ others }).der;
  }
}

/** Those that say nothing about whom a certificate is for. */
const KEPT_EXTENSIONS: ReadonlySet<string> = new Set([Oid.keyUsage, Oid.extendedKeyUsage, Oid.basicConstraints]);

/** A certificate that never ends (RFC 5280 section 4.1.2.5) does so here too; nothing was before the first year either. */
const FIRST_MS = Date.UTC(1950, 0, 1);
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

function shifted(ms: number, shiftMs: number): number {
  return ms >= LAST_MS ? ms : Math.min(Math.max(ms + shiftMs, FIRST_MS), LAST_MS);
}

function isKeptAttribute(oid: string, value: string): boolean {
  return oid === Oid.country || (oid === Oid.organization && (value === 'SPIRE' || value === 'SPIFFE'));
}

function isIssuedBy(certificate: Certificate, candidate: Certificate): boolean {
  if (!candidate.subject.equals(certificate.issuer)) return false;
  const [wanted, has] = [certificate.authorityKeyId, candidate.subjectKeyId];
  if (wanted !== undefined && has !== undefined && Buffer.compare(wanted, has) !== 0) return false;
  try {
    return certificate.isSignedBy(candidate.publicKey);
  } catch {
    return false;
  }
}

function nameOf(certificate: Certificate): string {
  return Buffer.from(certificate.der).toString('base64');
}
