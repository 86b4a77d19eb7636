import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Certificate } from '../../../crypto/certificate.ts';
import { verifyChain } from '../../../crypto/chain.ts';
import { isSamePublicKey } from '../../../crypto/key.ts';
import { signerFromKey } from '../../../crypto/signer.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { UpstreamCa } from './sign-upstream-ca.ts';

/** What a CA is read from, as PEM. */
export interface UpstreamCaFiles {
  /** In PKCS #8 or the older forms, unencrypted. */
  readonly key: Uint8Array;
  /** The CA first, intermediates up to its root may follow. */
  readonly certificates: Uint8Array;
  /** The roots; absent for a CA that is its own root. */
  readonly bundle: Uint8Array | undefined;
}

/** A CA whose key is at hand, with the way up from it. */
export interface LoadedUpstreamCa extends UpstreamCa {
  /** The CA and the intermediates above it, without a root; empty where the CA is the root. */
  readonly chain: readonly Certificate[];
  readonly roots: readonly Certificate[];
}

/**
 * Reads a CA and checks that it is one: its own key, and a chain to its roots. `what` says in front of each sentence which
 * part could not be read, in SPIRE's words.
 *
 * Error: `invalid-argument`.
 */
export function loadUpstreamCa(
  files: UpstreamCaFiles,
  clock: Pick<Clock, 'nowMs'>,
  { bundleSetting = 'bundle_file_path' }: { readonly bundleSetting?: string } = {},
): LoadedUpstreamCa {
  const key = reading('unable to load upstream CA key', () => parseKey(files.key));
  const certificates = reading('unable to load upstream CA cert', () => parseCertificates(files.certificates));
  const [certificate] = certificates;
  const { bundle } = files;
  if (bundle === undefined && certificates.length !== 1) {
    throw invalid(`with no ${bundleSetting} configured only self-signed CAs are supported`);
  }
  const roots =
    bundle === undefined ? certificates : reading('unable to load upstream CA bundle', () => parseCertificates(bundle));
  if (!isSamePublicKey(certificate.publicKey, key)) {
    throw invalid('unable to load upstream CA: certificate and private key do not match');
  }
  const chain = certificates.filter(({ der }) => !roots.some((root) => Buffer.compare(root.der, der) === 0));
  if (!leadsUp(certificate, chain, roots, clock.nowMs())) {
    throw invalid(
      'unable to load upstream CA: certificate cannot be validated with the provided bundle or is not self-signed',
    );
  }
  return { certificate, signer: signerFromKey(key), chain, roots };
}

function parseKey(pem: Uint8Array): KeyObject {
  try {
    return createPrivateKey(Buffer.from(pem));
  } catch (cause) {
    throw new SpirekitError('invalid-key', 'no private key that can be read', { cause });
  }
}

function parseCertificates(pem: Uint8Array): [Certificate, ...Certificate[]] {
  const [first, ...others] = Certificate.parsePem(pem);
  if (first === undefined) throw new SpirekitError('invalid-certificate', 'no PEM blocks');
  return [first, ...others];
}

/** A root leads to itself. */
function leadsUp(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  roots: readonly Certificate[],
  nowMs: number,
): boolean {
  if (!leaf.isCa) return false;
  const isRoot = roots.some(({ der }) => Buffer.compare(der, leaf.der) === 0);
  if (isRoot) return leaf.notBeforeMs <= nowMs && nowMs <= leaf.notAfterMs;
  try {
    return verifyChain({ leaf, intermediates, roots, nowMs }).length > 0;
  } catch {
    return false;
  }
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new SpirekitError('invalid-argument', `${what}: ${SpirekitError.from(cause).message}`, { cause });
  }
}

function invalid(message: string): SpirekitError {
  return new SpirekitError('invalid-argument', message);
}
