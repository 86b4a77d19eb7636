import { expect, test } from 'vitest';
import type { ServiceImplementation } from '../../../../../../src/lib/rpc/call-context.ts';
import { SpirekitError } from '../../../../../../src/lib/runtime/errors.ts';
import { federationService } from '../../../../../../src/lib/server/api/federation/v1/service.ts';
import { SpiffeId } from '../../../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../../../src/lib/spiffe/trust-domain.ts';
import type { FederationDefinition } from '../../../../../../src/lib/wire/gen/spirekit/api/server/federation/v1/federation.ts';
import { makeAuthorizedCall } from '../../calls.ts';

test('tells how the bundle of each federated trust domain is fetched, and how that fares', async () => {
  const error = new SpirekitError('unavailable', 'connection refused');
  const never = { lastAttemptMs: undefined, lastSuccessMs: undefined, nextAttemptMs: undefined, error: undefined };
  const domain = (name: string) => ({ trustDomain: TrustDomain.parse(name), bundleEndpointUrl: `https://${name}/` });
  const endpointSpiffeId = SpiffeId.parse('spiffe://b.org/bundle');
  const service = federationService({
    federatedBundles: {
      domains: [
        { relationship: { ...domain('a.org'), profile: { kind: 'https_web' } }, isConfigured: true, status: never },
        {
          relationship: { ...domain('b.org'), profile: { kind: 'https_spiffe', endpointSpiffeId } },
          isConfigured: false,
          status: { lastAttemptMs: 3_999, lastSuccessMs: 1_000, nextAttemptMs: 60_500, error },
        },
      ],
    },
  }) as Required<ServiceImplementation<typeof FederationDefinition>>;
  const { statuses } = await service.listBundleStatus({}, makeAuthorizedCall());
  expect(statuses).toMatchObject([
    { trustDomain: 'a.org', bundleEndpointProfile: 'https_web', configured: true, lastAttemptAt: 0n, problem: '' },
    {
      trustDomain: 'b.org',
      bundleEndpointUrl: 'https://b.org/',
      bundleEndpointProfile: 'https_spiffe',
      configured: false,
      lastAttemptAt: 3n,
      lastSuccessAt: 1n,
      nextAttemptAt: 60n,
      problem: 'connection refused',
    },
  ]);
});
