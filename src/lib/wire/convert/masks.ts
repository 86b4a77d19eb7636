import type { AgentMask } from '../gen/spire/api/types/agent.ts';
import type { BundleMask } from '../gen/spire/api/types/bundle.ts';
import type { EntryMask } from '../gen/spire/api/types/entry.ts';
import type { FederationRelationshipMask } from '../gen/spire/api/types/federationrelationship.ts';

/** A request without a mask means all fields; a mask without a field leaves that field out. */
export const ALL_ENTRY_FIELDS: Readonly<EntryMask> = {
  spiffeId: true,
  parentId: true,
  selectors: true,
  x509SvidTtl: true,
  federatesWith: true,
  admin: true,
  downstream: true,
  expiresAt: true,
  dnsNames: true,
  revisionNumber: true,
  storeSvid: true,
  jwtSvidTtl: true,
  hint: true,
  createdAt: true,
  additionalAttributes: true,
};

/** All fields of an agent. */
export const ALL_AGENT_FIELDS: Readonly<AgentMask> = {
  attestationType: true,
  x509svidSerialNumber: true,
  x509svidExpiresAt: true,
  selectors: true,
  banned: true,
  canReattest: true,
  agentVersion: true,
};

/** All fields of a bundle. */
export const ALL_BUNDLE_FIELDS: Readonly<BundleMask> = {
  x509Authorities: true,
  jwtAuthorities: true,
  refreshHint: true,
  sequenceNumber: true,
  witAuthorities: true,
};

/** All fields of a federation relationship. */
export const ALL_FEDERATION_RELATIONSHIP_FIELDS: Readonly<FederationRelationshipMask> = {
  bundleEndpointUrl: true,
  bundleEndpointProfile: true,
  trustDomainBundle: true,
};
