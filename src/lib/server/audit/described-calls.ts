import { Certificate } from '../../crypto/certificate.ts';
import { parseCsr } from '../../crypto/csr.ts';
import type { CallContext } from '../../rpc/call-context.ts';
import {
  type MethodKey,
  methodPath,
  type RequestOf,
  type ResponseOf,
  type ServiceDefinition,
} from '../../rpc/service.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import { agentIdFromWire, workloadIdFromWire } from '../../wire/convert/spiffe-id.ts';
import { AgentDefinition } from '../../wire/gen/spire/api/server/agent/v1/agent.ts';
import {
  BundleDefinition,
  BatchDeleteFederatedBundleRequest_Mode as DeleteMode,
} from '../../wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { EntryDefinition } from '../../wire/gen/spire/api/server/entry/v1/entry.ts';
import { LocalAuthorityDefinition } from '../../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { LoggerDefinition } from '../../wire/gen/spire/api/server/logger/v1/logger.ts';
import { SVIDDefinition } from '../../wire/gen/spire/api/server/svid/v1/svid.ts';
import { TrustDomainDefinition } from '../../wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import { LogLevel } from '../../wire/gen/spire/api/types/logger.ts';
import type { SPIFFEID } from '../../wire/gen/spire/api/types/spiffeid.ts';
import type { Status } from '../../wire/gen/spire/api/types/status.ts';
import type { X509SVID } from '../../wire/gen/spire/api/types/x509svid.ts';
import { getCallerId } from '../authorization/caller.ts';
import type { AuditedCall } from './call-audit.ts';
import * as fieldsOf from './message-fields.ts';

/** Says of a call what the audit log is to tell; without a response of one that failed. */
export type DescribeCall = (request: unknown, response: unknown, call: CallContext) => AuditedCall;

/** By the path of the method; the rest has nothing to tell. As SPIRE's services do it, under its names. */
export function describedCalls(trustDomain: TrustDomain): ReadonlyMap<string, DescribeCall> {
  const authority = ({ authorityId }: { readonly authorityId: string }): AuditedCall =>
    authorityId === '' ? {} : { fields: { local_authority_id: authorityId } };
  const upstream = ({ subjectKeyId }: { readonly subjectKeyId: string }): AuditedCall =>
    subjectKeyId === '' ? {} : { fields: { subject_key_id: subjectKeyId } };
  const agentById = ({ id }: { readonly id?: SPIFFEID | undefined }): AuditedCall => ({
    fields: fieldsOf.idField('spiffe_id', () => agentIdFromWire(trustDomain, id)),
  });
  const workload = (id: SPIFFEID | undefined) =>
    fieldsOf.idField('spiffe_id', () => workloadIdFromWire(trustDomain, id));
  return new Map([
    describe(AgentDefinition, 'countAgents', ({ filter }) => ({ fields: fieldsOf.agentFilterFields(filter) })),
    describe(AgentDefinition, 'listAgents', ({ filter }) => ({ fields: fieldsOf.agentFilterFields(filter) })),
    describe(AgentDefinition, 'getAgent', agentById),
    describe(AgentDefinition, 'deleteAgent', agentById),
    describe(AgentDefinition, 'banAgent', agentById),
    describe(AgentDefinition, 'renewAgent', ({ params }) => ({
      fields: params === undefined || params.csr.length === 0 ? {} : { csr: fieldsOf.hashField(params.csr) },
    })),
    describe(AgentDefinition, 'postStatus', ({ agentVersion }, _response, call) => ({
      fields: { spiffe_id: getCallerId(call), ...(agentVersion !== '' && { agent_version: agentVersion }) },
    })),
    describe(AgentDefinition, 'createJoinToken', ({ ttl, agentId }) => ({
      fields: { ...(ttl > 0 && { ttl }), ...workload(agentId) },
    })),

    describe(BundleDefinition, 'getBundle', () => ({ fields: { trust_domain_id: trustDomain.name } })),
    describe(BundleDefinition, 'appendBundle', ({ jwtAuthorities, x509Authorities }) => ({
      fields: { ...fieldsOf.jwtAuthorityFields(jwtAuthorities), ...fieldsOf.x509AuthorityFields(x509Authorities) },
    })),
    describe(BundleDefinition, 'publishJWTAuthority', ({ jwtAuthority }) => ({
      fields: jwtAuthority === undefined ? {} : fieldsOf.jwtKeyFields(jwtAuthority),
    })),
    describe(BundleDefinition, 'getFederatedBundle', ({ trustDomain: name }) => ({
      fields: { trust_domain_id: name },
    })),
    describe(BundleDefinition, 'batchCreateFederatedBundle', ({ bundle }, response) =>
      itemsOf(bundle, response, (each) => fieldsOf.bundleFields(each)),
    ),
    describe(BundleDefinition, 'batchSetFederatedBundle', ({ bundle }, response) =>
      itemsOf(bundle, response, (each) => fieldsOf.bundleFields(each)),
    ),
    describe(BundleDefinition, 'batchUpdateFederatedBundle', ({ bundle, inputMask }, response) =>
      itemsOf(bundle, response, (each) => fieldsOf.bundleFields(each, inputMask)),
    ),
    describe(BundleDefinition, 'batchDeleteFederatedBundle', ({ trustDomains, mode }, response) =>
      itemsOf(trustDomains, response, (name) => ({
        trust_domain_id: name,
        mode: fieldsOf.nameOf(DeleteMode, mode),
      })),
    ),

    describe(EntryDefinition, 'countEntries', ({ filter }) => ({
      fields: fieldsOf.entryFilterFields(trustDomain, filter),
    })),
    describe(EntryDefinition, 'listEntries', ({ filter }) => ({
      fields: fieldsOf.entryFilterFields(trustDomain, filter),
    })),
    describe(EntryDefinition, 'getEntry', ({ id }) => ({ fields: id === '' ? {} : { entry_id: id } })),
    describe(EntryDefinition, 'batchCreateEntry', ({ entries }, response) =>
      itemsOf(entries, response, (entry) => fieldsOf.entryFields(entry)),
    ),
    describe(EntryDefinition, 'batchUpdateEntry', ({ entries, inputMask }, response) =>
      itemsOf(entries, response, (entry) => fieldsOf.entryFields(entry, inputMask)),
    ),
    describe(EntryDefinition, 'batchDeleteEntry', ({ ids }, response) =>
      itemsOf(ids, response, (id) => ({ entry_id: id })),
    ),

    describe(SVIDDefinition, 'mintX509SVID', ({ csr, ttl }, response) => ({
      fields: { csr: fieldsOf.hashField(csr), ttl, ...mintedFields(csr, response?.svid) },
    })),
    describe(SVIDDefinition, 'mintJWTSVID', ({ id, audience, ttl }) => ({
      fields: {
        ttl,
        ...workload(id),
        ...(audience.length > 0 && { audience: audience.join(',') }),
      },
    })),
    describe(SVIDDefinition, 'batchNewX509SVID', ({ params }, response) =>
      itemsOf(params, response, ({ csr, entryId }, result) => ({
        csr: fieldsOf.hashField(csr),
        entry_id: entryId,
        spiffe_id: '',
        ...workload(result.svid?.id),
        ...(result.svid !== undefined && { expires_at: result.svid.expiresAt }),
      })),
    ),
    describe(SVIDDefinition, 'newJWTSVID', ({ entryId, audience }, response) => ({
      fields: {
        entry_id: entryId,
        audience: audience.join(','),
        ...workload(response?.svid?.id),
      },
    })),
    describe(SVIDDefinition, 'newDownstreamX509CA', ({ csr }, response) => {
      const [certificate] = response?.caCertChain ?? [];
      return {
        fields: {
          csr: fieldsOf.hashField(csr),
          trust_domain_id: `spiffe://${trustDomain.name}`,
          ...(certificate !== undefined && { expires_at: Certificate.parse(certificate).notAfterMs / 1000 }),
        },
      };
    }),

    describe(LocalAuthorityDefinition, 'activateJWTAuthority', authority),
    describe(LocalAuthorityDefinition, 'taintJWTAuthority', authority),
    describe(LocalAuthorityDefinition, 'revokeJWTAuthority', authority),
    describe(LocalAuthorityDefinition, 'activateX509Authority', authority),
    describe(LocalAuthorityDefinition, 'taintX509Authority', authority),
    describe(LocalAuthorityDefinition, 'revokeX509Authority', authority),
    describe(LocalAuthorityDefinition, 'taintX509UpstreamAuthority', upstream),
    describe(LocalAuthorityDefinition, 'revokeX509UpstreamAuthority', upstream),

    describe(TrustDomainDefinition, 'getFederationRelationship', ({ trustDomain: name }) => ({
      fields: { trust_domain_id: name },
    })),
    describe(TrustDomainDefinition, 'refreshBundle', ({ trustDomain: name }) => ({
      fields: isTrustDomain(name) ? { trust_domain_id: name } : {},
    })),
    describe(TrustDomainDefinition, 'batchCreateFederationRelationship', ({ federationRelationships }, response) =>
      itemsOf(federationRelationships, response, (each) => fieldsOf.relationshipFields(each)),
    ),
    describe(TrustDomainDefinition, 'batchUpdateFederationRelationship', (request, response) =>
      itemsOf(request.federationRelationships, response, (each) =>
        fieldsOf.relationshipFields(each, request.inputMask),
      ),
    ),
    describe(TrustDomainDefinition, 'batchDeleteFederationRelationship', ({ trustDomains }, response) =>
      itemsOf(trustDomains, response, (name) => ({ trust_domain_id: name })),
    ),

    describe(LoggerDefinition, 'setLogLevel', ({ newLevel }) => ({
      fields: { new_log_level: fieldsOf.nameOf(LogLevel, newLevel) },
    })),
  ]);
}

function describe<D extends ServiceDefinition, K extends MethodKey<D>>(
  definition: D,
  method: K,
  say: (request: RequestOf<D, K>, response: ResponseOf<D, K> | undefined, call: CallContext) => AuditedCall,
): readonly [path: string, say: DescribeCall] {
  const rpc = definition.methods[method];
  if (rpc === undefined) throw new TypeError(`${definition.fullName} has no method ${method}`);
  // Whoever looks a method up by its path has its messages.
  return [methodPath(definition, rpc), say as DescribeCall];
}

/** A line for each item that was answered; none for a call that failed as a whole, which has one of its own. */
function itemsOf<Item, Result extends { readonly status?: Status | undefined }>(
  items: readonly Item[],
  response: { readonly results: readonly Result[] } | undefined,
  fields: (item: Item, result: Result) => NonNullable<AuditedCall['fields']>,
): AuditedCall {
  if (response === undefined) return {};
  return {
    items: items.flatMap((item, index) => {
      const result = response.results[index];
      return result === undefined ? [] : [{ status: result.status, fields: fields(item, result) }];
    }),
  };
}

function isTrustDomain(name: string): boolean {
  try {
    return TrustDomain.parse(name).name !== '';
  } catch {
    return false;
  }
}

function mintedFields(csr: Uint8Array, svid: X509SVID | undefined): NonNullable<AuditedCall['fields']> {
  const [der] = svid?.certChain ?? [];
  if (der === undefined) return {};
  const leaf = Certificate.parse(der);
  return {
    spiffe_id: leaf.uris[0],
    dns_name: leaf.dnsNames.join(','),
    subject: parseCsr(csr).subject.rfc2253(),
    expires_at: new Date(leaf.notAfterMs).toISOString().replace('.000Z', 'Z'),
  };
}
