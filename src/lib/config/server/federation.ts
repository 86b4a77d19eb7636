import { SpirekitError } from '../../runtime/errors.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import { ConfigError } from '../config-error.ts';
import type { ConfigReport, KeyPath } from '../config-report.ts';
import type { HclNode } from '../hcl/ast.ts';
import { block } from '../schema/block.ts';
import { optional, string } from '../schema/scalars.ts';
import { splitUrl } from '../section/url.ts';
import { resolveBundleEndpoint } from './bundle-endpoint.ts';
import { decodeOneProfile } from './endpoint-profile.ts';
import type { FederatesWithConfig, ServerConfig } from './server-config.ts';
import type { RawFederation } from './server-schema.ts';

const FEDERATION: KeyPath = ['server', 'federation'];

const endpointProfileSchema = block({
  https_spiffe: optional(block({ endpoint_spiffe_id: string() })),
  https_web: optional(block({})),
});

/** The checks that come before everything else is looked at. */
export function checkFederation(raw: RawFederation, report: ConfigReport): void {
  const acme = raw.bundle_endpoint?.acme;
  const acmePath = [...FEDERATION, 'bundle_endpoint', 'acme'];
  if (acme?.domain_name === '') report.fail('federation.bundle_endpoint.acme.domain_name must be configured', acmePath);
  if (acme?.email === '') report.fail('federation.bundle_endpoint.acme.email must be configured', acmePath);
  for (const [name, { bundle_endpoint_url: url }] of raw.federates_with) {
    const key = `federation.federates_with["${name}"].bundle_endpoint_url`;
    const path = [...FEDERATION, 'federates_with', name];
    if (url === '') report.fail(`${key} must be configured`, path);
    if (!url.toLowerCase().startsWith('https://')) {
      report.fail(`${key} must use the HTTPS protocol; URL found: ${goQuote(url)}`, [...path, 'bundle_endpoint_url']);
    }
  }
}

/** Resolves the block; files of the own bundle endpoint are read. */
export async function resolveFederation(
  raw: RawFederation | undefined,
  own: TrustDomain,
  report: ConfigReport,
  signal: AbortSignal | undefined,
): Promise<ServerConfig['federation']> {
  if (raw === undefined) return { bundleEndpoint: undefined, federatesWith: [], allowPrivateRedirects: false };
  const bundleEndpoint = raw.bundle_endpoint && (await resolveBundleEndpoint(raw.bundle_endpoint, report, signal));
  const federatesWith = [...raw.federates_with].map(([name, relationship]): FederatesWithConfig => {
    const path = [...FEDERATION, 'federates_with', name];
    const trustDomain = report.attempt(
      () => TrustDomain.parse(name),
      (reason) => reason,
      path,
    );
    // SPIRE would replace its own bundle by whatever is at that address.
    if (trustDomain.equals(own)) {
      report.fail(
        `federation configuration for trust domain ${goQuote(name)}: it is the server's own trust domain`,
        path,
      );
    }
    const { bundle_endpoint_profile: profile, bundle_endpoint_url: bundleEndpointUrl } = relationship;
    if (splitUrl(bundleEndpointUrl)?.userInfo !== undefined) {
      const key = `federation.federates_with["${name}"].bundle_endpoint_url`;
      report.fail(`${key} must not contain a user name or password`, [...path, 'bundle_endpoint_url']);
    }
    if (profile === undefined) {
      const missing = 'missing bundle endpoint configuration';
      return report.fail(`federation configuration for trust domain ${goQuote(name)}: ${missing}`, path);
    }
    const describe = (reason: string): string =>
      `error parsing federation relationship for trust domain ${goQuote(name)}: ${reason}`;
    return {
      trustDomain,
      bundleEndpointUrl,
      profile: report.attempt(() => parseProfile(profile), describe, [...path, 'bundle_endpoint_profile']),
    };
  });
  return { bundleEndpoint, federatesWith, allowPrivateRedirects: raw.allow_private_redirects };
}

function parseProfile(tree: HclNode): FederatesWithConfig['profile'] {
  const profile = decodeOneProfile(endpointProfileSchema, tree);
  if (profile.https_web !== undefined) return { kind: 'https_web' };
  if (profile.https_spiffe === undefined) {
    throw new ConfigError(
      'no bundle endpoint profile defined; current supported profiles are "https_spiffe" and \'https_web"',
    );
  }
  try {
    return { kind: 'https_spiffe', endpointSpiffeId: SpiffeId.parse(profile.https_spiffe.endpoint_spiffe_id) };
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new ConfigError(`could not get endpoint SPIFFE ID: ${reason}`, { cause });
  }
}
