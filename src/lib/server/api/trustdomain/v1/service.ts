import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { federationRelationshipToWire } from '../../../../wire/convert/federation-relationship.ts';
import { OK } from '../../../../wire/convert/status.ts';
import type {
  BatchDeleteFederationRelationshipResponse_Result,
  BatchCreateFederationRelationshipResponse_Result as RelationshipResult,
  TrustDomainDefinition,
} from '../../../../wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import type {
  FederationRelationshipMask,
  FederationRelationship as WireRelationship,
} from '../../../../wire/gen/spire/api/types/federationrelationship.ts';
import { callLogger } from '../../../authorization/call-logger.ts';
import type { FederationRelationship } from '../../../datastore/federation-store.ts';
import { answerBatch } from '../../batch.ts';
import { fromStore, storeFailure } from '../../store-failure.ts';
import { pageRequest } from '../../wire-filter.ts';
import { createRelationship, type RelationshipDeps, updateRelationship } from './relationships.ts';

/** What the trust domain service depends on. */
export interface TrustDomainServiceDeps extends RelationshipDeps {
  /** Fetches the bundle of a federated trust domain now. */
  readonly federatedBundles: { refresh(trustDomain: TrustDomain): Promise<void> };
}

/** `spire.api.server.trustdomain.v1.TrustDomain`: the trust domains whose bundles this server fetches. */
export function trustDomainService(deps: TrustDomainServiceDeps): ServiceImplementation<typeof TrustDomainDefinition> {
  const { bundles, federation } = deps;
  const withBundle = async (
    relationship: FederationRelationship,
    mask: FederationRelationshipMask | undefined,
    failure: string,
  ): Promise<WireRelationship> => {
    if (mask !== undefined && !mask.trustDomainBundle) return federationRelationshipToWire(relationship, mask);
    const bundle = await fromStore(failure, bundles.findBundle(relationship.trustDomain));
    return federationRelationshipToWire({ ...relationship, bundle }, mask);
  };
  return {
    listFederationRelationships: async (request) => {
      const failure = 'failed to list federation relationships';
      const page = await fromStore(failure, federation.listFederationRelationships(pageRequest(request)));
      const federationRelationships: WireRelationship[] = [];
      for (const item of page.items) federationRelationships.push(await withBundle(item, request.outputMask, failure));
      return { federationRelationships, nextPageToken: page.nextToken };
    },

    getFederationRelationship: async ({ trustDomain: name, outputMask }) => {
      const trustDomain = parseTrustDomain(name);
      const failure = 'failed to fetch federation relationship';
      const found = await fromStore(failure, federation.findFederationRelationship(trustDomain));
      if (found === undefined) throw new SpirekitError('not-found', 'federation relationship does not exist');
      return withBundle(found, outputMask, failure);
    },

    batchCreateFederationRelationship: async ({ federationRelationships, outputMask }, call) => {
      const results = await answerBatch(call, federationRelationships, {
        handle: async (wire): Promise<RelationshipResult> => ({
          status: OK,
          federationRelationship: federationRelationshipToWire(await createRelationship(deps, wire, call), outputMask),
        }),
        fail: refused,
      });
      return { results };
    },

    batchUpdateFederationRelationship: async ({ federationRelationships, inputMask, outputMask }, call) => {
      const results = await answerBatch(call, federationRelationships, {
        handle: async (wire): Promise<RelationshipResult> => ({
          status: OK,
          federationRelationship: await withBundle(
            await updateRelationship(deps, wire, inputMask, call),
            outputMask,
            'failed to update federation relationship',
          ),
        }),
        fail: refused,
      });
      return { results };
    },

    batchDeleteFederationRelationship: async ({ trustDomains }, call) => {
      const handle = async (name: string): Promise<BatchDeleteFederationRelationshipResponse_Result> => {
        if (name === '') throw new SpirekitError('invalid-argument', 'missing trust domain');
        const trustDomain = parseTrustDomain(name);
        try {
          await federation.deleteFederationRelationship(trustDomain);
        } catch (cause) {
          if (cause instanceof SpirekitError && cause.code === 'not-found') {
            throw new SpirekitError('not-found', 'federation relationship not found', { cause });
          }
          throw storeFailure('failed to delete federation relationship', cause);
        }
        callLogger(call).debug('Federation relationship deleted', { trust_domain_id: trustDomain.name });
        return { status: OK, trustDomain: trustDomain.name };
      };
      const results = await answerBatch(call, trustDomains, {
        handle,
        fail: (status, trustDomain) => ({ status, trustDomain }),
      });
      return { results };
    },

    refreshBundle: async ({ trustDomain: name }, call) => {
      const trustDomain = parseTrustDomain(name);
      try {
        await deps.federatedBundles.refresh(trustDomain);
      } catch (cause) {
        const error = SpirekitError.from(cause);
        if (error.code === 'not-found') throw error;
        throw new SpirekitError('internal', `failed to refresh bundle: ${error.message}`, { cause });
      }
      callLogger(call).debug('Bundle refreshed', { trust_domain_id: trustDomain.name });
      return {};
    },
  };
}

function refused(status: RelationshipResult['status']): RelationshipResult {
  return { status, federationRelationship: undefined };
}

function parseTrustDomain(name: string): TrustDomain {
  return inField('failed to parse trust domain', () => TrustDomain.parse(name));
}
