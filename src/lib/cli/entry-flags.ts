import { SpirekitError } from '../runtime/errors.ts';
import { parseSelector } from '../spiffe/selector.ts';
import { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { within } from './error-context.ts';
import { type FlagSpec, type FlagValues, flag } from './go-flags.ts';
import { parseIdFlag } from './id-flag.ts';
import { toInt32 } from './int32.ts';

/** The flags that `entry create` and `entry update` share. */
const entryFlags = {
  entryID: flag.string({ usage: 'ID of the entry; a new one gets a random ID if none is given' }),
  parentID: flag.string({ usage: 'SPIFFE ID of the parent' }),
  spiffeID: flag.string({ usage: 'SPIFFE ID that the entry grants' }),
  x509SVIDTTL: flag.int({ usage: 'Lifetime in seconds of X509-SVIDs; 0 for the default of the server' }),
  jwtSVIDTTL: flag.int({ usage: 'Lifetime in seconds of JWT-SVIDs; 0 for the default of the server' }),
  data: flag.string({ usage: "JSON file with entries; '-' reads stdin. The other flags are then ignored" }),
  selector: flag.strings({ usage: 'Selector, written type:value; may be repeated' }),
  federatesWith: flag.strings({ usage: 'Trust domain to federate with; may be repeated' }),
  admin: flag.bool({ usage: "Grants the SPIFFE ID the server's management API" }),
  downstream: flag.bool({ usage: 'The entry is for a downstream SPIRE server' }),
  storeSVID: flag.bool({ usage: 'SVIDs go to an SVIDStore plugin' }),
  entryExpiry: flag.int({ usage: 'Seconds since the Unix epoch after which the entry is removed' }),
  dns: flag.strings({ usage: 'DNS name for SVIDs; may be repeated' }),
  hint: flag.string({ usage: 'Tells SVIDs with the same SPIFFE ID apart' }),
} as const;

/** The flags of `entry create`. */
export const createEntryFlags = {
  ...entryFlags,
  node: flag.bool({ usage: 'The entry is for nodes that match, not for workloads' }),
  disableX509SVIDPrefetch: flag.bool({ usage: 'Agents make no X509-SVID of this entry before it is asked for' }),
  jwtSVIDIncludeJTI: flag.bool({ usage: "JWT-SVIDs get a unique 'jti' claim and are not cached by agents" }),
} as const;

/** The flags of `entry update`: the last two can only be set, and keep their value where they are left out. */
export const updateEntryFlags = {
  ...entryFlags,
  disableX509SVIDPrefetch: anyText(createEntryFlags.disableX509SVIDPrefetch),
  jwtSVIDIncludeJTI: anyText(createEntryFlags.jwtSVIDIncludeJTI),
} as const;

/** The parent of entries for nodes, in any trust domain. */
const SERVER_PATH = '/spire/server';

/**
 * The entry that the flags of `entry create` describe.
 *
 * @throws SpirekitError `usage` (what is missing or does not go together), `invalid-argument` (a lifetime out of range),
 *   `invalid-spiffe-id`, `invalid-selector`, with the texts of SPIRE's server CLI
 */
export function newEntry(flags: FlagValues<typeof createEntryFlags>): Entry {
  demand(flags.selector.length > 0, 'at least one selector is required');
  demand(!flags.node || flags.federatesWith.length === 0, 'node entries can not federate');
  demand(flags.parentID !== '' || flags.node, 'a parent ID is required if the node flag is not set');
  checkShared(flags);
  const spiffeId = parseIdFlag(flags.spiffeID);
  const parentId = flags.node ? { trustDomain: spiffeId.trustDomain, path: SERVER_PATH } : parseIdFlag(flags.parentID);
  return entryFrom(flags, { spiffeId, parentId });
}

/**
 * The entry that the flags of `entry update` describe.
 *
 * @throws as {@link newEntry}
 */
export function changedEntry(flags: FlagValues<typeof updateEntryFlags>): Entry {
  demand(flags.entryID !== '', 'entry ID is required');
  demand(flags.selector.length > 0, 'at least one selector is required');
  demand(flags.parentID !== '', 'a parent ID is required');
  checkShared(flags);
  const parentId = parseIdFlag(flags.parentID);
  const spiffeId = parseIdFlag(flags.spiffeID);
  return entryFrom(flags, { spiffeId, parentId });
}

/**
 * An update replaces all additional attributes at once, so those that no flag sets are taken over from the entry as it
 * stands.
 */
export function keepAttributes(entry: Entry, existing: Entry): Entry {
  const { additionalAttributes: wanted } = entry;
  const { additionalAttributes: current } = existing;
  return {
    ...entry,
    additionalAttributes: {
      disableX509SvidPrefetch: (wanted?.disableX509SvidPrefetch || current?.disableX509SvidPrefetch) ?? false,
      jwtSvidIncludeJti: (wanted?.jwtSvidIncludeJti || current?.jwtSvidIncludeJti) ?? false,
    },
  };
}

type SharedFlags = FlagValues<typeof entryFlags> & {
  readonly disableX509SVIDPrefetch: boolean;
  readonly jwtSVIDIncludeJTI: boolean;
};

function checkShared(flags: SharedFlags): void {
  demand(flags.spiffeID !== '', 'a SPIFFE ID is required');
  demand(flags.x509SVIDTTL >= 0, 'a positive x509-SVID TTL is required');
  demand(flags.jwtSVIDTTL >= 0, 'a positive JWT-SVID TTL is required');
}

function entryFrom(flags: SharedFlags, ids: Pick<Entry, 'spiffeId' | 'parentId'>): Entry {
  return Entry.create({
    ...ids,
    id: flags.entryID,
    x509SvidTtl: within('invalid value for X509 SVID TTL', () => toInt32(flags.x509SVIDTTL)),
    jwtSvidTtl: within('invalid value for JWT SVID TTL', () => toInt32(flags.jwtSVIDTTL)),
    selectors: flags.selector.map(parseSelector),
    federatesWith: [...flags.federatesWith],
    admin: flags.admin,
    downstream: flags.downstream,
    storeSvid: flags.storeSVID,
    expiresAt: BigInt(flags.entryExpiry),
    dnsNames: [...flags.dns],
    hint: flags.hint,
    ...(flags.disableX509SVIDPrefetch || flags.jwtSVIDIncludeJTI
      ? {
          additionalAttributes: {
            disableX509SvidPrefetch: flags.disableX509SVIDPrefetch,
            jwtSvidIncludeJti: flags.jwtSVIDIncludeJTI,
          },
        }
      : {}),
  });
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new SpirekitError('usage', message);
}

/** SPIRE takes any text for these two as "yes", even `-disableX509SVIDPrefetch=false`. */
function anyText(spec: FlagSpec<boolean>): FlagSpec<boolean> {
  return { ...spec, set: () => true };
}
