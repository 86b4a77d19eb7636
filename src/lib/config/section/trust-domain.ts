import { goQuote } from '../../runtime/go-quote.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { ConfigReport, KeyPath } from '../config-report.ts';

/** Reads `trust_domain`, a bare name or a SPIFFE ID whose trust domain counts. */
export function resolveTrustDomain(text: string, report: ConfigReport, path: KeyPath): TrustDomain {
  return report.attempt(
    () => TrustDomain.parse(text),
    (reason) => `could not parse trust_domain ${goQuote(text)}: ${reason}`,
    path,
  );
}
