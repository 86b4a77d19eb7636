import { SpirekitError } from '../../runtime/errors.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
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
  if (entry.id === '') throw new SpirekitError('invalid-argument', 'missing entry ID');
  if (entry.selectors.length === 0) throw new SpirekitError('invalid-argument', 'selector list is empty');
  return {
    id: entry.id,
    spiffeId: spiffeIdOf(entry),
    selectors: selectorsFromWire(entry.selectors),
    federatesWith: entry.federatesWith.map(federatedDomain),
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

function spiffeIdOf({ spiffeId }: Entry): SpiffeId {
  try {
    return spiffeIdFromWire(spiffeId);
  } catch (cause) {
    throw new SpirekitError('invalid-argument', `invalid SPIFFE ID: ${SpirekitError.from(cause).message}`, { cause });
  }
}

function federatedDomain(name: string): TrustDomain {
  try {
    return TrustDomain.parse(name);
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new SpirekitError('invalid-argument', `invalid federated trust domain: ${reason}`, { cause });
  }
}
