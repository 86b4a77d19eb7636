import { createPublicKey, type KeyObject } from 'node:crypto';
import { Certificate } from '../crypto/certificate.ts';
import { verifyChain } from '../crypto/chain.ts';
import { CryptoError } from '../crypto/crypto-error.ts';
import { parsePkcs8, publicKeyDer } from '../crypto/key.ts';
import { pemDecodeAll } from '../crypto/pem.ts';
import type { X509BundleSource } from './bundle-source.ts';
import { SpiffeError } from './spiffe-error.ts';
import { SpiffeId } from './spiffe-id.ts';

/** An X509-SVID with its private key: what a workload or agent presents. */
export class X509Svid {
  readonly id: SpiffeId;
  /** Leaf first, then the intermediates, without the root. */
  readonly certificates: readonly Certificate[];
  readonly privateKey: KeyObject;
  /** The operator's word on what the identity is for; empty if there is none. */
  readonly hint: string;

  /** Trusts its arguments; {@link parseX509Svid} checks them. */
  constructor(id: SpiffeId, certificates: readonly Certificate[], privateKey: KeyObject, hint = '') {
    this.id = id;
    this.certificates = certificates;
    this.privateKey = privateKey;
    this.hint = hint;
  }
}

/** A peer that was verified. */
export interface VerifiedX509Svid {
  readonly id: SpiffeId;
  /** Each from the leaf to an authority of the bundle. */
  readonly chains: readonly (readonly Certificate[])[];
}

/**
 * Reads an X509-SVID as the Workload API sends it, and checks its form: a leaf with one SPIFFE ID with a path, no CA, key
 * usage digitalSignature and not keyCertSign or cRLSign (X509-SVID section 4), CAs above it, and the leaf's own key.
 * Signatures and validity are not looked at.
 *
 * @param certificatesDer certificates one after the other, leaf first
 * @param keyDer PKCS#8
 * @throws SpiffeError `invalid-x509-svid`
 */
export function parseX509Svid(certificatesDer: Uint8Array, keyDer: Uint8Array, hint = ''): X509Svid {
  return orInvalid(() => makeX509Svid(Certificate.parseAll(certificatesDer), parsePkcs8(keyDer), hint));
}

/**
 * Reads an X509-SVID from PEM files; both may be the same. Keys in other forms than PKCS#8 do not count.
 *
 * @throws SpiffeError `invalid-x509-svid`
 */
export function parseX509SvidPem(certificatesPem: string | Uint8Array, keyPem: string | Uint8Array): X509Svid {
  return orInvalid(() => {
    const key = pemDecodeAll(keyPem).find(({ label }) => label === 'PRIVATE KEY');
    if (key === undefined) throw invalid('no private key found');
    return makeX509Svid(Certificate.parsePem(certificatesPem), parsePkcs8(key.der), '');
  });
}

/**
 * The SPIFFE ID of a certificate (X509-SVID section 2).
 *
 * @throws SpiffeError `invalid-x509-svid` unless there is exactly one URI SAN and it is a SPIFFE ID
 */
export function getSpiffeId(certificate: Certificate): SpiffeId {
  const [uri, ...others] = certificate.uris;
  if (uri === undefined) throw invalid('certificate contains no URI SAN');
  if (others.length > 0) throw invalid('certificate contains more than one URI SAN');
  try {
    return SpiffeId.parse(uri);
  } catch (cause) {
    if (!(cause instanceof SpiffeError)) throw cause;
    throw new SpiffeError('invalid-x509-svid', cause.message, { cause });
  }
}

/**
 * Verifies a peer (X509-SVID section 5): its leaf by the rules for SVIDs, its chain against the bundle of the trust domain
 * that the leaf names. No other bundle is asked, so no federated CA can speak for another trust domain.
 *
 * @param chain leaf first; the rest in any order
 * @throws SpiffeError `invalid-x509-svid`, or what the source throws for a trust domain without a bundle
 */
export function verifyX509Svid(
  chain: readonly Certificate[],
  bundles: X509BundleSource,
  options: { readonly nowMs: number },
): VerifiedX509Svid {
  const [leaf, ...intermediates] = chain;
  if (leaf === undefined) throw invalid('empty certificates chain');
  const id = getSpiffeId(leaf);
  checkLeaf(leaf, id);
  const roots = bundles.getX509Bundle(id.trustDomain);
  return orInvalid(() => ({ id, chains: verifyChain({ leaf, intermediates, roots, nowMs: options.nowMs }) }));
}

function makeX509Svid(certificates: readonly Certificate[], privateKey: KeyObject, hint: string): X509Svid {
  const [leaf, ...signing] = certificates;
  if (leaf === undefined) throw invalid('no certificates found');
  const id = getSpiffeId(leaf);
  checkLeaf(leaf, id);
  // Not demanded of peers: validators in use take SVIDs without this extension (X509-SVID section 5.2).
  if (leaf.keyUsages === undefined) throw invalid("leaf certificate must have 'digitalSignature' set as key usage");
  for (const certificate of signing) {
    if (!certificate.isCa) throw invalid('signing certificate must have CA flag set to true');
    if (certificate.keyUsages?.has('keyCertSign') !== true) {
      throw invalid("signing certificate must have 'keyCertSign' set as key usage");
    }
  }
  if (Buffer.compare(publicKeyDer(createPublicKey(privateKey)), leaf.publicKeyDer) !== 0) {
    throw invalid('leaf certificate does not match private key');
  }
  return new X509Svid(id, certificates, privateKey, hint);
}

/** What any leaf must be (X509-SVID sections 3.1, 4.1, 4.3). Where there is a key usage, TLS needs digitalSignature in it. */
function checkLeaf(leaf: Certificate, id: SpiffeId): void {
  if (id.path === '') throw invalid('leaf certificate SPIFFE ID must have a non-root path');
  if (leaf.isCa) throw invalid('leaf certificate must not have CA flag set to true');
  if (leaf.keyUsages === undefined) return;
  if (leaf.keyUsages.has('keyCertSign')) {
    throw invalid("leaf certificate must not have 'keyCertSign' set as key usage");
  }
  if (leaf.keyUsages.has('cRLSign')) throw invalid("leaf certificate must not have 'cRLSign' set as key usage");
  if (!leaf.keyUsages.has('digitalSignature')) {
    throw invalid("leaf certificate must have 'digitalSignature' set as key usage");
  }
}

function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new SpiffeError('invalid-x509-svid', cause.message, { cause });
  }
}

function invalid(what: string): SpiffeError {
  return new SpiffeError('invalid-x509-svid', what);
}
