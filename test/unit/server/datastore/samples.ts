import type { AttestedNode } from '../../../../src/lib/spiffe/attested-node.ts';
import type { RegistrationEntry } from '../../../../src/lib/spiffe/registration-entry.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';

/** An ID of the trust domain `example.org`. */
export function idOf(path: string): SpiffeId {
  return SpiffeId.parse(`spiffe://example.org${path}`);
}

/** An entry as a registrar sends it; `path` and `parent` are of the trust domain `example.org`. */
export function makeEntry(fields: Partial<RegistrationEntry> & { path?: string; parent?: string }): RegistrationEntry {
  const { path = '/web', parent = '/host', ...rest } = fields;
  return {
    id: '',
    spiffeId: idOf(path),
    parentId: idOf(parent),
    selectors: [{ type: 'unix', value: 'uid:0' }],
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    admin: false,
    downstream: false,
    expiresAtSeconds: 0,
    dnsNames: [],
    revisionNumber: 0n,
    storeSvid: false,
    hint: '',
    createdAtSeconds: 0,
    ...rest,
  };
}

/** An agent of the trust domain `example.org`. */
export function makeNode(fields: Partial<AttestedNode> & { path?: string }): AttestedNode {
  const { path = '/spire/agent/x509pop/1', ...rest } = fields;
  return {
    spiffeId: idOf(path),
    attestationType: 'join_token',
    serialNumber: '1',
    expiresAtSeconds: 2_000_000_000,
    newSerialNumber: '',
    newExpiresAtSeconds: 0,
    canReattest: false,
    agentVersion: '',
    selectors: [{ type: 'node', value: '1' }],
    ...rest,
  };
}
