import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { workloadIdFromWire } from '../../../../wire/convert/spiffe-id.ts';
import { OK } from '../../../../wire/convert/status.ts';
import type {
  BatchNewX509SVIDResponse_Result,
  SVIDDefinition,
} from '../../../../wire/gen/spire/api/server/svid/v1/svid.ts';
import { getCallerId } from '../../../authorization/caller.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';
import type { AuthorizedEntries } from '../../../cache/authorized-entries.ts';
import type { BundleStore } from '../../../datastore/bundle-store.ts';
import type { LimitCall } from '../../../endpoints/rate-limits.ts';
import { answerBatch } from '../../batch.ts';
import { mintX509Svid } from './mint-x509-svid.ts';
import { newDownstreamX509Ca } from './new-downstream-x509-ca.ts';
import { newX509Svid } from './new-x509-svid.ts';
import { signJwtSvidFor } from './sign-jwt-svid.ts';

/** What the SVID service depends on. */
export interface SvidServiceDeps {
  readonly trustDomain: TrustDomain;
  readonly ca: ServerCa;
  readonly entries: AuthorizedEntries;
  readonly bundles: Pick<BundleStore, 'findBundle'>;
  readonly limitX509Signing: LimitCall;
}

/** `spire.api.server.svid.v1.SVID`: signs for agents what their entries say, and for operators what they ask. */
export function svidService(deps: SvidServiceDeps): ServiceImplementation<typeof SVIDDefinition> {
  const { trustDomain, ca, entries } = deps;
  return {
    mintX509SVID: (request) => mintX509Svid(deps, request),

    mintJWTSVID: async ({ id, audience, ttl }) => {
      requireJwtSvids(ca);
      const spiffeId = inField('invalid SPIFFE ID', () => workloadIdFromWire(trustDomain, id));
      return { svid: await signJwtSvidFor(ca, spiffeId, audience, { ttlSeconds: ttl }) };
    },

    batchNewX509SVID: async ({ params }, call) => {
      if (params.length === 0) throw new SpirekitError('invalid-argument', 'missing parameters');
      await deps.limitX509Signing(call, params.length);
      const granted = entries.findAuthorizedEntries(
        getCallerId(call),
        params.map(({ entryId }) => entryId),
      );
      return {
        results: await answerBatch(call, params, {
          handle: async (param) => ({ status: OK, svid: await newX509Svid(deps, param, granted, call) }),
          fail: (status): BatchNewX509SVIDResponse_Result => ({ status, svid: undefined }),
        }),
      };
    },

    newJWTSVID: async ({ entryId, audience }, call) => {
      requireJwtSvids(ca);
      const entry = entries.findAuthorizedEntries(getCallerId(call), [entryId]).get(entryId);
      if (entry === undefined) throw new SpirekitError('not-found', 'entry not found or not authorized');
      const svid = await signJwtSvidFor(ca, entry.spiffeId, audience, {
        ttlSeconds: entry.jwtSvidTtlSeconds,
        includeJti: entry.additionalAttributes?.jwtSvidIncludeJti === true,
      });
      return { svid };
    },

    newDownstreamX509CA: (request, call) => newDownstreamX509Ca(deps, request, call),

    mintWITSVID: refuseWit,
    batchNewWITSVID: refuseWit,
  };
}

/** WIT-SVIDs are an experiment that SPIRE leaves off by default; here there are none. */
async function refuseWit(): Promise<never> {
  throw new SpirekitError('unimplemented', 'WIT functionality is disabled');
}

function requireJwtSvids(ca: ServerCa): void {
  if (!ca.isJwtSvidEnabled) throw new SpirekitError('unimplemented', 'JWT functionality is disabled');
}
