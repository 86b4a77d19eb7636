import { SpirekitError } from '../../runtime/errors.ts';
import type { Selector } from '../../spiffe/selector.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
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

/** Throws `invalid-argument` with SPIRE's reason when the server's entry cannot be served. */
export function entryFromWire(entry: Entry): AuthorizedEntry {
  if (entry.id === '') throw new SpirekitError('invalid-argument', 'missing entry ID');
  if (entry.selectors.length === 0) throw new SpirekitError('invalid-argument', 'selector list is empty');
  return {
    id: entry.id,
    spiffeId: spiffeIdOf(entry),
    selectors: entry.selectors.map(checkSelector),
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
  if (spiffeId === undefined) throw new SpirekitError('invalid-argument', 'invalid SPIFFE ID: missing');
  try {
    return SpiffeId.fromPath(TrustDomain.parse(spiffeId.trustDomain), spiffeId.path);
  } catch (cause) {
    throw new SpirekitError('invalid-argument', `invalid SPIFFE ID: ${SpirekitError.from(cause).message}`, { cause });
  }
}

function checkSelector({ type, value }: Selector): Selector {
  if (type === '') throw new SpirekitError('invalid-argument', 'missing selector type');
  if (type.includes(':')) throw new SpirekitError('invalid-argument', "selector type contains ':'");
  if (value === '') throw new SpirekitError('invalid-argument', 'missing selector value');
  return { type, value };
}

function federatedDomain(name: string): TrustDomain {
  try {
    return TrustDomain.parse(name);
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new SpirekitError('invalid-argument', `invalid federated trust domain: ${reason}`, { cause });
  }
}
