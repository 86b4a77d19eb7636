import { TrustDomain } from '../../spiffe/trust-domain.ts';
import { inField, invalidMessage } from '../../wire/convert/conversion-error.ts';
import { selectorsFromWire } from '../../wire/convert/selector.ts';
import { spiffeIdFromWire } from '../../wire/convert/spiffe-id.ts';
import type { Entry, EntryMask } from '../../wire/gen/spire/api/types/entry.ts';
import type { AuthorizedEntry } from '../cache/authorized-entry.ts';

/** The fields that {@link entryFromWire} reads. */
export const ENTRY_MASK: EntryMask = {
  spiffeId: true,
  parentId: false,
  selectors: true,
  x509SvidTtl: false,
  federatesWith: true,
  admin: true,
  downstream: true,
  expiresAt: false,
  dnsNames: false,
  revisionNumber: true,
  storeSvid: true,
  jwtSvidTtl: false,
  hint: true,
  createdAt: true,
  additionalAttributes: true,
};

/** Throws `invalid-argument` or `invalid-selector` when the server's entry cannot be served. */
export function entryFromWire(entry: Entry): AuthorizedEntry {
  if (entry.id === '') throw invalidMessage('missing entry ID');
  if (entry.selectors.length === 0) throw invalidMessage('selector list is empty');
  return {
    id: entry.id,
    spiffeId: inField('invalid SPIFFE ID', () => spiffeIdFromWire(entry.spiffeId)),
    selectors: selectorsFromWire(entry.selectors),
    federatesWith: entry.federatesWith.map((name) =>
      inField('invalid federated trust domain', () => TrustDomain.parse(name)),
    ),
    admin: entry.admin,
    downstream: entry.downstream,
    revisionNumber: entry.revisionNumber,
    createdAtSeconds: entry.createdAt,
    storeSvid: entry.storeSvid,
    hint: entry.hint,
    disableX509SvidPrefetch: entry.additionalAttributes?.disableX509SvidPrefetch === true,
    jwtSvidIncludeJti: entry.additionalAttributes?.jwtSvidIncludeJti === true,
  };
}
