import { X509Certificate } from 'node:crypto';
import { Certificate } from '../../src/lib/crypto/certificate.ts';
import { verifyChain } from '../../src/lib/crypto/chain.ts';
import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';

/** More certificates than a chain may have make no more of a case. */
const MOST = 12;

/**
 * Certificates one after the other: the first is the leaf, the last the root. They are refused, or each chain goes from
 * the leaf to the root by signatures that OpenSSL finds valid too, and every issuer is a CA at that time.
 */
export function target(bytes: Uint8Array): void {
  const certificates = refusedOr(() => Certificate.parseAll(bytes)) ?? [];
  const [leaf, ...others] = certificates;
  const root = others.at(-1);
  if (leaf === undefined || root === undefined || certificates.length > MOST) return;
  const nowMs = leaf.notBeforeMs;
  const intermediates = others.slice(0, -1);
  const chains = refusedOr(() => verifyChain({ leaf, intermediates, roots: [root], nowMs })) ?? [];
  for (const chain of chains) {
    if (chain[0] !== leaf || chain.at(-1)?.equals(root) !== true) throw new Error('a chain from or to somewhere else');
    for (const [index, certificate] of chain.entries()) {
      if (certificate.notBeforeMs > nowMs || certificate.notAfterMs < nowMs) throw new Error('not valid at the time');
      const issuer = chain[index + 1];
      if (issuer === undefined) continue;
      if (!issuer.isCa) throw new Error('issued by a certificate that is no CA');
      if (!new X509Certificate(certificate.der).verify(issuer.publicKey)) throw new Error('not signed, says OpenSSL');
    }
  }
}

function refusedOr<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-certificate') return undefined;
    throw error;
  }
}
