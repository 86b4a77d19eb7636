import { parseSource } from '../inspect/source.ts';
import type { SourceContext } from '../inspect/source-context.ts';
import {
  type IdentityOrigin,
  type IdentityWishes,
  loadIdentity,
  type MtlsIdentity,
  originOf,
} from '../mtls/identity.ts';
import type { PeerRule } from '../mtls/peer-rule.ts';
import type { CommandContext } from './command-context.ts';
import { flag } from './go-flags.ts';
import {
  loadTypedSource,
  type SourceSurroundings,
  sourceContext,
  typedSpiffeId,
  typedTrustDomain,
} from './inspect-flags.ts';
import { givenBundle } from './svid-verifying.ts';

/** Who one is towards peers, and by what one knows them. */
export const mtlsIdentityFlags = {
  identity: flag.string({
    usage: 'Where the own SVID and its key come from: a Workload API, a folder or a PEM file',
    default: 'workload:',
  }),
  spiffeID: flag.string({ usage: 'Which SVID to use, if not the first' }),
  bundle: flag.strings({
    usage:
      'Know peers by this bundle in place of those of the identity, as TRUST-DOMAIN=SOURCE if it does not name its own; may be given more than once',
  }),
} as const;

/** Which peer is meant. */
export const expectFlags = {
  expect: flag.strings({ usage: 'The SPIFFE ID of the peer; may be given more than once' }),
  expectTrustDomain: flag.strings({ usage: 'Take anybody of this trust domain; may be given more than once' }),
} as const;

type IdentityContext = SourceSurroundings & Pick<CommandContext<typeof mtlsIdentityFlags>, 'flags'>;

/** An identity with what it takes to have it anew. */
export interface ChosenIdentity {
  readonly identity: MtlsIdentity;
  readonly origin: IdentityOrigin;
  readonly wishes: IdentityWishes;
}

/** The identity that the flags name. @throws SpirekitError as `originOf` and `loadIdentity` */
export async function chosenIdentity(context: IdentityContext): Promise<ChosenIdentity> {
  const { flags } = context;
  const surroundings: SourceContext = sourceContext(context);
  const id = flags.spiffeID === '' ? undefined : typedSpiffeId(flags.spiffeID);
  const read = (text: string, options: Parameters<typeof loadTypedSource>[1]) =>
    loadTypedSource(text, options, context);
  const bundles = (await Promise.all(flags.bundle.map((text) => givenBundle(text, undefined, { read })))).flat();
  const origin = await originOf(parseSource(flags.identity), surroundings);
  const wishes = { id, bundles };
  return { identity: await loadIdentity(origin, wishes, surroundings), origin, wishes };
}

/** Whom the flags mean. @throws SpirekitError `invalid-spiffe-id`, `invalid-trust-domain` */
export function meantPeers(ids: readonly string[], trustDomains: readonly string[]): PeerRule {
  return { ids: ids.map(typedSpiffeId), trustDomains: trustDomains.map(typedTrustDomain) };
}
