import { goQuote } from '../../runtime/go-quote.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { ConfigReport } from '../config-report.ts';

/** Reads the SPIFFE IDs whose holders may administer the server; they may be of any trust domain. */
export function resolveAdminIds(texts: readonly string[], report: ConfigReport): SpiffeId[] {
  return texts.map((text) =>
    report.attempt(
      () => SpiffeId.parse(text),
      (reason) => `could not parse admin ID ${goQuote(text)}: ${reason}`,
      ['server', 'admin_ids'],
    ),
  );
}
