import type { Certificate } from '../../../crypto/certificate.ts';
import { issueCertificate } from '../../../crypto/certificate-builder.ts';
import { type CertificateRequest, parseCsr } from '../../../crypto/csr.ts';
import { subjectKeyId } from '../../../crypto/key.ts';
import type { Signer } from '../../../crypto/signer.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { MintX509CaRequest } from './upstream-authority.ts';

/** A CA whose key is at hand. */
export interface UpstreamCa {
  readonly certificate: Certificate;
  readonly signer: Signer;
}

/** How far certificates are dated back, for clocks that are late. */
const BACKDATE_MS = 10_000;

/** Where nobody said how long. */
const DEFAULT_TTL_SECONDS = 60 * 60;

/**
 * Signs the CA of a server with a CA whose key is at hand. Subject, URI and key are those of the CSR; it never outlives
 * the CA above.
 *
 * Errors: `invalid-csr`; `invalid-argument` for a CSR of another trust domain; what the signer throws.
 */
export async function signUpstreamCa(
  { certificate: issuer, signer }: UpstreamCa,
  { csr, preferredTtlSeconds }: MintX509CaRequest,
  { trustDomain, clock }: { readonly trustDomain: TrustDomain; readonly clock: Pick<Clock, 'nowMs'> },
): Promise<Certificate> {
  const request = parseCsr(csr);
  checkUri(request, trustDomain);
  const nowMs = clock.nowMs();
  const ttlSeconds = preferredTtlSeconds > 0 ? preferredTtlSeconds : DEFAULT_TTL_SECONDS;
  return await issueCertificate({
    subject: request.subject,
    issuer: issuer.subject,
    uris: request.uris,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(Math.min(nowMs + ttlSeconds * 1000, issuer.notAfterMs)),
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    publicKey: request.publicKeyDer,
    subjectKeyId: subjectKeyId(request.publicKeyDer),
    authorityKeyId: issuer.subjectKeyId,
    signer,
  });
}

/** The sentences are SPIRE's. */
function checkUri({ uris: [uri, ...others] }: CertificateRequest, trustDomain: TrustDomain): void {
  if (uri === undefined || others.length > 0) throw invalid('CSR must have exactly one URI SAN');
  if (uri === trustDomain.id().toString()) return;
  const rule = `must use the trust domain ID for trust domain ${JSON.stringify(trustDomain.name)}`;
  throw invalid(`CSR with SPIFFE ID ${JSON.stringify(uri)} is invalid: ${rule}`);
}

function invalid(message: string): SpirekitError {
  return new SpirekitError('invalid-argument', message);
}
