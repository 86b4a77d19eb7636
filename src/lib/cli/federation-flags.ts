import { SpirekitError } from '../runtime/errors.ts';
import type { Bundle } from '../wire/gen/spire/api/types/bundle.ts';
import type { FederationRelationship } from '../wire/gen/spire/api/types/federationrelationship.ts';
import { parseBundleData } from './bundle-data.ts';
import type { CommandContext } from './command-context.ts';
import { awaitWithin, within, withinOnUmbrella } from './error-context.ts';
import { parseFederationData } from './federation-data.ts';
import { checkFederationFields } from './federation-fields.ts';
import { type FlagValues, flag } from './go-flags.ts';
import { inputName, readInput, readInputFile } from './input-file.ts';

const DEFAULT_BUNDLE_FORMAT = 'pem';

/** The flags of `federation create` and `federation update`. */
export const federationFlags = {
  data: flag.string({ usage: "JSON file with federation relationships, instead of the other flags; '-' reads stdin" }),
  trustDomain: flag.string({ usage: 'Name of the trust domain to federate with' }),
  bundleEndpointURL: flag.string({ usage: 'Where its bundle is fetched from; an https URL' }),
  bundleEndpointProfile: flag.string({ usage: 'How the endpoint proves who it is: https_web or https_spiffe' }),
  endpointSpiffeID: flag.string({ usage: 'SPIFFE ID of the endpoint; only for https_spiffe' }),
  trustDomainBundlePath: flag.string({ usage: 'File with the bundle to begin with' }),
  trustDomainBundleFormat: flag.string({
    usage: 'How that file is written: pem or spiffe',
    default: DEFAULT_BUNDLE_FORMAT,
  }),
} as const;

/**
 * The relationships that the file of `-data` holds, or the one that the other flags describe.
 *
 * @throws SpirekitError `usage` (what is missing or does not go together), `io-error`, `resource-exhausted`, and as
 *   {@link parseFederationData}; all with the texts of SPIRE's server CLI
 */
export async function requestedRelationships(
  context: Pick<CommandContext<typeof federationFlags>, 'program' | 'io' | 'signal' | 'flags'>,
): Promise<FederationRelationship[]> {
  const { flags, program, signal } = context;
  if (flags.data === '') return [await relationshipFromFlags(flags, signal)];
  if (describesRelationship(flags)) {
    const text = "cannot use other flags to specify relationship fields when 'data' flag is set";
    throw new SpirekitError('usage', text);
  }
  const bytes = await readInput(flags.data, context.io.stdin, { signal });
  return withinOnUmbrella(program, `cannot use ${inputName(flags.data)}`, () => parseFederationData(bytes));
}

type FederationFlags = FlagValues<typeof federationFlags>;

/** A flag that was given its default counts as not given, as in SPIRE. */
function describesRelationship(flags: FederationFlags): boolean {
  const { trustDomain, bundleEndpointURL, bundleEndpointProfile, endpointSpiffeID, trustDomainBundlePath } = flags;
  const texts = [trustDomain, bundleEndpointURL, bundleEndpointProfile, endpointSpiffeID, trustDomainBundlePath];
  return texts.some((text) => text !== '') || flags.trustDomainBundleFormat !== DEFAULT_BUNDLE_FORMAT;
}

async function relationshipFromFlags(flags: FederationFlags, signal: AbortSignal): Promise<FederationRelationship> {
  const { relationship, bundleTrustDomain } = checkFederationFields({
    trustDomain: flags.trustDomain,
    bundleEndpointUrl: flags.bundleEndpointURL,
    bundleEndpointProfile: flags.bundleEndpointProfile,
    endpointSpiffeId: flags.endpointSpiffeID,
  });
  if (flags.trustDomainBundlePath !== '') {
    relationship.trustDomainBundle = await readBundle(flags, bundleTrustDomain, signal);
  }
  return relationship;
}

async function readBundle(flags: FederationFlags, trustDomain: string, signal: AbortSignal): Promise<Bundle> {
  const bytes = await awaitWithin('cannot read bundle file', readInputFile(flags.trustDomainBundlePath, { signal }));
  // Unlike the one of `bundle set`, this format is no choice of two: whatever is not `pem` is `spiffe`, as in SPIRE.
  const format = flags.trustDomainBundleFormat === 'pem' ? 'pem' : 'spiffe';
  return within('cannot parse bundle file', () => parseBundleData(bytes, format, trustDomain));
}
