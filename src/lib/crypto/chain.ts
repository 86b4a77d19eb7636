import { formatGoDuration, msToNanoseconds } from '../runtime/go-duration.ts';
import type { Certificate } from './certificate.ts';
import { CryptoError } from './crypto-error.ts';
import { findForbiddenName } from './name-constraints.ts';
import { Oid } from './oids.ts';
import { parsePublicKeyInfo } from './spki.ts';

/** A leaf and what it may be verified with. */
export interface ChainOptions {
  readonly leaf: Certificate;
  /** In any order; those that lead nowhere do no harm. */
  readonly intermediates: readonly Certificate[];
  /** The trust anchors. The leaf itself is never one. */
  readonly roots: readonly Certificate[];
  /** The moment at which every certificate of the chain must be valid, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Signature checks in one verification: what many CAs of one name can make us do. The bound of Go's x509. */
const MAX_SIGNATURE_CHECKS = 100;
/** Whoever presents a chain chooses the keys in it, and larger ones only cost time. */
const MAX_RSA_BITS = 8192;
/** Certificates in a chain, leaf and root included. */
const MAX_CHAIN_LENGTH = 16;

/**
 * Finds the chains from a leaf to a root and checks them by RFC 5280 section 6.1: signatures, validity, names, CA flag,
 * keyCertSign, path length, name constraints, critical extensions. Policies and revocation are not looked at, nor are
 * extended key usages, which the SPIFFE standards leave to the TLS library.
 *
 * @returns one chain or more, each from the leaf to a root
 * @throws CryptoError `invalid-certificate`, with the first reason found
 */
export function verifyChain(options: ChainOptions): Certificate[][] {
  const { leaf } = options;
  checkSelf(leaf, options.nowMs);
  checkKey(leaf);
  const search = new ChainSearch(options);
  search.extend([leaf]);
  if (search.chains.length > 0) return search.chains;
  throw new CryptoError(
    'invalid-certificate',
    search.hint === undefined
      ? 'certificate signed by unknown authority'
      : `certificate signed by unknown authority (${search.hint})`,
  );
}

/** Whether a chain, leaf first, leads to one of these roots at that time. */
export function leadsTo(
  [leaf, ...intermediates]: readonly Certificate[],
  roots: readonly Certificate[],
  nowMs: number,
): boolean {
  if (leaf === undefined) return false;
  try {
    return verifyChain({ leaf, intermediates, roots, nowMs }).length > 0;
  } catch (error) {
    if (error instanceof CryptoError) return false;
    throw error;
  }
}

/** A bounded depth-first search for chains. */
class ChainSearch {
  readonly chains: Certificate[][] = [];
  /** Why the first candidate failed. */
  hint: string | undefined;
  readonly #options: ChainOptions;
  #signatureChecks = 0;

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  /** Adds every complete chain that starts with these certificates. */
  extend(chain: readonly Certificate[]): void {
    const { roots, intermediates } = this.#options;
    const last = chain.at(-1);
    if (last === undefined || chain.length >= MAX_CHAIN_LENGTH) return;
    const found = this.chains.length;
    // With 200 roots of one subject, as years of rotation leave them, the key identifier tells the one to try.
    for (const isMatching of [true, false]) {
      for (const root of candidates(last, roots, isMatching)) {
        if (this.#accepts(root, chain, last)) this.#finish([...chain, root]);
      }
      for (const intermediate of candidates(last, intermediates, isMatching)) {
        if (this.#accepts(intermediate, chain, last)) this.extend([...chain, intermediate]);
      }
      if (this.chains.length > found) return;
    }
  }

  #accepts(issuer: Certificate, chain: readonly Certificate[], child: Certificate): boolean {
    if (chain.some((member) => isSameEntity(member, issuer))) return false;
    try {
      checkIssuer(issuer, chain.length - 1);
      checkSelf(issuer, this.#options.nowMs);
      if (++this.#signatureChecks > MAX_SIGNATURE_CHECKS) throw refused('too many certificates to try');
      if (!child.isSignedBy(issuer.publicKey)) throw refused('signature does not verify');
      return true;
    } catch (error) {
      return this.#note(error);
    }
  }

  #finish(chain: Certificate[]): void {
    try {
      checkNames(chain);
      this.chains.push(chain);
    } catch (error) {
      this.#note(error);
    }
  }

  #note(error: unknown): false {
    if (!(error instanceof CryptoError)) throw error;
    this.hint ??= error.message;
    return false;
  }
}

/** Certificates whose subject is the child's issuer: those whose key identifiers match, or the others. */
function candidates(child: Certificate, pool: readonly Certificate[], isMatching: boolean): Certificate[] {
  const rank = ({ subjectKeyId }: Certificate): number => {
    const wanted = child.authorityKeyId;
    if (subjectKeyId === undefined || wanted === undefined) return 1;
    return Buffer.compare(subjectKeyId, wanted) === 0 ? 0 : 2;
  };
  return pool
    .filter((certificate) => certificate.subject.equals(child.issuer) && (rank(certificate) === 0) === isMatching)
    .toSorted((a, b) => rank(a) - rank(b));
}

/** Nothing else here uses the leaf's key, but a leaf with a broken one must not pass. */
function checkKey(leaf: Certificate): void {
  try {
    void leaf.publicKey;
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new CryptoError('invalid-certificate', cause.message, { cause });
  }
}

/** What holds for every certificate of a chain. */
function checkSelf(certificate: Certificate, nowMs: number): void {
  if (certificate.unhandledCriticalExtensions.length > 0) throw refused('unhandled critical extension');
  // It should be critical, but means the same if it is not: policies are to be checked, which nobody does here.
  if (certificate.extensions.has(Oid.policyConstraints)) throw refused('policy constraints are not supported');
  if (nowMs < certificate.notBeforeMs) {
    const by = difference(certificate.notBeforeMs - nowMs);
    throw refused(`certificate is not yet valid: ${iso(nowMs)} is before ${iso(certificate.notBeforeMs)}${by}`);
  }
  if (nowMs > certificate.notAfterMs) {
    const by = difference(nowMs - certificate.notAfterMs);
    throw refused(`certificate has expired: ${iso(nowMs)} is after ${iso(certificate.notAfterMs)}${by}`);
  }
}

/** What holds for every certificate above a leaf (RFC 5280 sections 4.2.1.3 and 4.2.1.9), roots included. */
function checkIssuer(issuer: Certificate, casBelow: number): void {
  if (!issuer.isCa) throw refused('issuer is not a CA');
  if (issuer.keyUsages?.has('keyCertSign') === false) throw refused('issuer may not sign certificates');
  const { modulusBits = 0 } = parsePublicKeyInfo(issuer.publicKeyDer);
  if (modulusBits > MAX_RSA_BITS) throw refused(`issuer has an RSA key of ${modulusBits} bits`);
  if (issuer.pathLength !== undefined && casBelow > issuer.pathLength) {
    throw refused('too many intermediates for path length constraint');
  }
}

/** Every name below a CA must lie within its constraints. */
function checkNames(chain: readonly Certificate[]): void {
  for (const [index, issuer] of chain.entries()) {
    if (issuer.nameConstraints === undefined) continue;
    for (const below of chain.slice(0, index)) {
      const name = findForbiddenName(issuer.nameConstraints, below);
      if (name !== undefined) throw refused(`issuer is not authorized to sign for this name: "${name}"`);
    }
  }
}

/** The same subject, key and names: a chain through it twice would be a loop, whatever else differs. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
  const namesA = a.extensions.get(Oid.subjectAltName)?.value ?? new Uint8Array();
  const namesB = b.extensions.get(Oid.subjectAltName)?.value ?? new Uint8Array();
  return (
    a.subject.equals(b.subject) &&
    Buffer.compare(a.publicKeyDer, b.publicKeyDer) === 0 &&
    Buffer.compare(namesA, namesB) === 0
  );
}

/** Clocks that are not kept right differ by seconds or minutes. */
const LIKELY_CLOCK_DIFFERENCE_MS = 10 * 60_000;

/** By how much a certificate is outside of its time, and a hint where it is so little that a clock may be to blame. */
function difference(ms: number): string {
  const by = `, by ${formatGoDuration(msToNanoseconds(Math.ceil(ms / 1000) * 1000))}`;
  return ms > LIKELY_CLOCK_DIFFERENCE_MS ? by : `${by}; does the clock of this machine agree with its peer's?`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function refused(reason: string): CryptoError {
  return new CryptoError('invalid-certificate', reason);
}
