import { createCsr } from '../../src/lib/crypto/csr.ts';
import { generateKey, publicKeyDer } from '../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../src/lib/crypto/signer.ts';
import type { RpcClient } from '../../src/lib/rpc/client.ts';
import { RpcError, rpcCodeName } from '../../src/lib/rpc/status.ts';
import { HealthDefinition } from '../../src/lib/wire/gen/grpc/health/v1/health.ts';
import {
  AgentDefinition,
  CreateJoinTokenRequest,
  ListAgentsRequest,
} from '../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { BundleDefinition } from '../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { DebugDefinition } from '../../src/lib/wire/gen/spire/api/server/debug/v1/debug.ts';
import { EntryDefinition, ListEntriesRequest } from '../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { LocalAuthorityDefinition } from '../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { LoggerDefinition } from '../../src/lib/wire/gen/spire/api/server/logger/v1/logger.ts';
import { SVIDDefinition } from '../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { TrustDomainDefinition } from '../../src/lib/wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import { Bundle } from '../../src/lib/wire/gen/spire/api/types/bundle.ts';
import {
  FederationRelationship,
  FederationRelationshipMask,
} from '../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';
import { ForeignAuthority } from './authorization/foreign-authority.ts';

/** A call whose answer is recorded from a real server; what a server makes up by itself is left out of it. */
export interface ServerCase {
  readonly name: string;
  readonly run: (client: RpcClient) => Promise<unknown>;
  /** Behind these words comes the reason in the words of Go's library. */
  readonly upTo?: string;
}

/** What a case ended in: the statuses of the items of a batch, or what is telling of another answer. */
export async function answerOf({ run, upTo }: ServerCase, client: RpcClient): Promise<string> {
  try {
    return cut(
      JSON.stringify(await run(client), (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      upTo,
    );
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return cut(`${rpcCodeName(error.status)}: ${error.description}`, upTo);
  }
}

function cut(text: string, upTo: string | undefined): string {
  const end = upTo === undefined ? -1 : text.indexOf(upTo);
  return end < 0 ? text : `${text.slice(0, end)}${upTo}...`;
}

const MAX_INT32 = 2 ** 31 - 1;
const OWN = 'example.org';

/**
 * Edge cases of every service, to be called in this order on the private socket of a new server. Left out is where ours
 * differs on purpose: a bundle whose certificate is empty has none (SPIRE keeps an empty one), and agents are not looked
 * for by an empty set of selectors or a comparison that is none (`InvalidArgument`; SPIRE: `Internal`), nor by a moment
 * that cannot be read (SPIRE: no filter at all).
 */
export async function serverCases(): Promise<readonly ServerCase[]> {
  return [
    ...(await bundleCases()),
    ...agentCases(),
    ...(await svidCases()),
    ...entryCases(),
    ...authorityCases(),
    ...relationshipCases(),
    ...otherCases(),
  ];
}

async function bundleCases(): Promise<ServerCase[]> {
  const root = (await ForeignAuthority.make('far.org')).certificate.der;
  const asn1 = Buffer.from(root);
  const key = Buffer.from(publicKeyDer(await generateKey('ec-p256')));
  const jwtKey = (fields: object) => ({ publicKey: key, keyId: 'k', expiresAt: 0n, tainted: false, ...fields });
  const bundle = (fields: Parameters<typeof Bundle.fromPartial>[0]) =>
    Bundle.fromPartial({ trustDomain: 'far.org', ...fields });
  const batch =
    (method: 'batchCreateFederatedBundle' | 'batchSetFederatedBundle', fields: Parameters<typeof bundle>[0]) =>
    async (client: RpcClient) =>
      (await client.unary(BundleDefinition, method, { bundle: [bundle(fields)], outputMask: undefined })).results.map(
        ({ status, bundle: made }) => ({
          status,
          sequenceNumber: made?.sequenceNumber,
          refreshHint: made?.refreshHint,
          roots: made?.x509Authorities.length,
          keys: made?.jwtAuthorities.map(({ keyId, tainted }) => [keyId, tainted]),
        }),
      );
  const update =
    (fields: Parameters<typeof bundle>[0], inputMask?: Record<string, boolean>) => async (client: RpcClient) => {
      const mask = inputMask && {
        x509Authorities: false,
        jwtAuthorities: false,
        witAuthorities: false,
        refreshHint: false,
        sequenceNumber: false,
        ...inputMask,
      };
      const { results } = await client.unary(BundleDefinition, 'batchUpdateFederatedBundle', {
        bundle: [bundle(fields)],
        inputMask: mask,
        outputMask: undefined,
      });
      return results.map(({ status, bundle: made }) => ({
        status,
        sequenceNumber: made?.sequenceNumber,
        refreshHint: made?.refreshHint,
        roots: made?.x509Authorities.length,
        keys: made?.jwtAuthorities.length,
      }));
    };
  const get = (trustDomain: string) => async (client: RpcClient) => {
    const found = await client.unary(BundleDefinition, 'getFederatedBundle', { trustDomain, outputMask: undefined });
    return { ...found, x509Authorities: found.x509Authorities.length, jwtAuthorities: found.jwtAuthorities.length };
  };
  const list = (pageSize: number, pageToken: string) => async (client: RpcClient) => {
    const page = await client.unary(BundleDefinition, 'listFederatedBundles', {
      pageSize,
      pageToken,
      outputMask: undefined,
    });
    return page.bundles.map(({ trustDomain }) => trustDomain);
  };
  const remove = (trustDomain: string, mode: 0 | 1 | 2) => async (client: RpcClient) =>
    (await client.unary(BundleDefinition, 'batchDeleteFederatedBundle', { trustDomains: [trustDomain], mode })).results;
  const append = (x509Authorities: object[], jwtAuthorities: object[]) => (client: RpcClient) => {
    const filled = Bundle.fromPartial({ x509Authorities, jwtAuthorities });
    return client.unary(BundleDefinition, 'appendBundle', { ...filled, outputMask: undefined });
  };
  return [
    {
      name: 'create a bundle',
      run: batch('batchCreateFederatedBundle', {
        x509Authorities: [{ asn1 }],
        jwtAuthorities: [jwtKey({})],
        sequenceNumber: 5n,
        refreshHint: 7n,
      }),
    },
    { name: 'create it again', run: batch('batchCreateFederatedBundle', {}) },
    { name: 'create one for the own trust domain', run: batch('batchCreateFederatedBundle', { trustDomain: OWN }) },
    {
      name: 'create one by a SPIFFE ID',
      run: batch('batchCreateFederatedBundle', { trustDomain: 'spiffe://near.org' }),
    },
    {
      name: 'create one by an ID with a path',
      run: batch('batchCreateFederatedBundle', { trustDomain: 'spiffe://mid.org/path' }),
    },
    {
      name: 'create one with a malformed certificate',
      run: batch('batchCreateFederatedBundle', {
        trustDomain: 'bad.org',
        x509Authorities: [{ asn1: Buffer.from('x') }],
      }),
      upTo: 'unable to parse X.509 authority',
    },
    {
      name: 'create one with a malformed key',
      run: batch('batchCreateFederatedBundle', {
        trustDomain: 'bad.org',
        jwtAuthorities: [jwtKey({ publicKey: Buffer.from('x') })],
      }),
      upTo: 'unable to parse JWT authority',
    },
    {
      name: 'create one with a key without ID',
      run: batch('batchCreateFederatedBundle', { trustDomain: 'bad.org', jwtAuthorities: [jwtKey({ keyId: '' })] }),
    },
    {
      name: 'set one with a smaller sequence number',
      run: batch('batchSetFederatedBundle', { sequenceNumber: 1n, x509Authorities: [{ asn1 }] }),
    },
    {
      name: 'set one with a negative refresh hint',
      run: batch('batchSetFederatedBundle', { refreshHint: -1n, trustDomain: 'hint.org' }),
    },
    {
      name: 'set one with a tainted key',
      run: batch('batchSetFederatedBundle', { trustDomain: 'taint.org', jwtAuthorities: [jwtKey({ tainted: true })] }),
    },
    { name: 'set the one of the own trust domain', run: batch('batchSetFederatedBundle', { trustDomain: OWN }) },
    { name: 'update one that is not there', run: update({ trustDomain: 'absent.org' }) },
    { name: 'update the one of the own trust domain', run: update({ trustDomain: OWN }) },
    {
      name: 'update by mask the hint alone',
      run: update({ refreshHint: 9n, sequenceNumber: 9n }, { refreshHint: true }),
    },
    {
      name: 'update by an empty mask',
      run: update({ refreshHint: 10n, sequenceNumber: 10n, jwtAuthorities: [jwtKey({})] }, {}),
    },
    {
      name: 'update by mask the keys',
      run: update({ jwtAuthorities: [jwtKey({}), jwtKey({ keyId: 'l' })] }, { jwtAuthorities: true }),
    },
    { name: 'update without a mask', run: update({ sequenceNumber: 2n }) },
    { name: 'get a bundle', run: get('far.org') },
    { name: 'get one by a SPIFFE ID', run: get('spiffe://near.org') },
    { name: 'get that of the own trust domain', run: get(OWN) },
    { name: 'get one that is not there', run: get('absent.org') },
    { name: 'get one with a bad name', run: get('Bad!') },
    { name: 'get one without a name', run: get('') },
    { name: 'list bundles, pages of -1', run: list(-1, '') },
    { name: 'list bundles, the largest page', run: list(MAX_INT32, '') },
    { name: 'list bundles, a bad token', run: list(2, 'x') },
    { name: 'list bundles, a bad token without a page size', run: list(0, 'x') },
    { name: 'append nothing', run: append([], []) },
    {
      name: 'append a malformed certificate',
      run: append([{ asn1: Buffer.from('x') }], []),
      upTo: 'failed to convert X.509 authority',
    },
    {
      name: 'append a malformed key',
      run: append([], [jwtKey({ publicKey: Buffer.from('x') })]),
      upTo: 'failed to convert JWT authority',
    },
    { name: 'append a key without ID', run: append([], [jwtKey({ keyId: '' })]) },
    { name: 'delete the bundle of the own trust domain', run: remove(OWN, 0) },
    { name: 'delete one that is not there', run: remove('absent.org', 0) },
    { name: 'delete one with a bad name', run: remove('BAD', 0) },
    { name: 'delete in a mode that is none', run: remove('near.org', 7 as never) },
    { name: 'delete one', run: remove('near.org', 2) },
    {
      name: 'publish a WIT authority',
      run: (client) => client.unary(BundleDefinition, 'publishWITAuthority', { witAuthority: undefined }),
    },
  ];
}

function agentCases(): ServerCase[] {
  const ids: readonly (readonly [what: string, id: { trustDomain: string; path: string } | undefined])[] = [
    ['without an ID', undefined],
    ['without a trust domain', { trustDomain: '', path: '/spire/agent/x/y' }],
    ['of another trust domain', { trustDomain: 'far.org', path: '/spire/agent/x/y' }],
    ['with the ID of a workload', { trustDomain: OWN, path: '/workload' }],
    ['with the ID of the server', { trustDomain: OWN, path: '/spire/server' }],
    ['with a bad path', { trustDomain: OWN, path: '/spire/agent/../x' }],
    ['with the ID of the trust domain', { trustDomain: OWN, path: '' }],
    ['that is not there', { trustDomain: OWN, path: '/spire/agent/x/absent' }],
  ];
  const list = (fields: Parameters<typeof ListAgentsRequest.fromPartial>[0]) => (client: RpcClient) =>
    client.unary(AgentDefinition, 'listAgents', ListAgentsRequest.fromPartial(fields));
  const token = (fields: Parameters<typeof CreateJoinTokenRequest.fromPartial>[0]) => async (client: RpcClient) => {
    const made = await client.unary(AgentDefinition, 'createJoinToken', CreateJoinTokenRequest.fromPartial(fields));
    return made.value;
  };
  return [
    ...ids.flatMap(([what, id]): ServerCase[] => [
      {
        name: `get an agent ${what}`,
        run: (client) => client.unary(AgentDefinition, 'getAgent', { id, outputMask: undefined }),
      },
      { name: `delete an agent ${what}`, run: (client) => client.unary(AgentDefinition, 'deleteAgent', { id }) },
      { name: `ban an agent ${what}`, run: (client) => client.unary(AgentDefinition, 'banAgent', { id }) },
    ]),
    { name: 'list agents, pages of -1', run: list({ pageSize: -1 }) },
    { name: 'list agents, the largest page', run: list({ pageSize: MAX_INT32 }) },
    { name: 'list agents, a bad token', run: list({ pageSize: 2, pageToken: 'x' }) },
    {
      name: 'list agents by a selector without a type',
      run: list({ filter: { bySelectorMatch: { selectors: [{ type: '', value: 'x' }] } } }),
    },
    { name: 'make a token without a lifetime', run: token({ token: 'a' }) },
    { name: 'make a token with a negative lifetime', run: token({ token: 'a', ttl: -1 }) },
    { name: 'make a token with the longest lifetime', run: token({ token: 'a', ttl: MAX_INT32 }) },
    { name: 'make a token that is there', run: token({ token: 'a', ttl: 10 }) },
    {
      name: 'make a token for an ID of another trust domain',
      run: token({ token: 'b', ttl: 10, agentId: { trustDomain: 'far.org', path: '/x' } }),
    },
    {
      name: 'make a token for a reserved ID',
      run: token({ token: 'b', ttl: 10, agentId: { trustDomain: OWN, path: '/spire/agent/x' } }),
    },
    {
      name: 'make a token for the ID of the trust domain',
      run: token({ token: 'b', ttl: 10, agentId: { trustDomain: OWN, path: '' } }),
    },
  ];
}

async function svidCases(): Promise<ServerCase[]> {
  const signer = signerFromKey(await generateKey('ec-p256'));
  const mint = async (fields: { uris?: string[]; dnsNames?: string[] }, ttl = 60) => {
    const csr = Buffer.from(await createCsr({ signer, ...fields }));
    return async (client: RpcClient) => (await client.unary(SVIDDefinition, 'mintX509SVID', { csr, ttl })).svid?.id;
  };
  const raw = (csr: Buffer) => (client: RpcClient) => client.unary(SVIDDefinition, 'mintX509SVID', { csr, ttl: 0 });
  const uri = (rest: string): { uris: string[] } => ({ uris: [`spiffe://${rest}`] });
  const jwt =
    (id: { trustDomain: string; path: string } | undefined, audience: string[], ttl = 60) =>
    async (client: RpcClient) =>
      (await client.unary(SVIDDefinition, 'mintJWTSVID', { id, audience, ttl })).svid?.id;
  const id = { trustDomain: OWN, path: '/w' };
  return [
    { name: 'mint an X509-SVID without a CSR', run: raw(Buffer.alloc(0)) },
    { name: 'mint an X509-SVID with a malformed CSR', run: raw(Buffer.from('x')), upTo: 'malformed CSR' },
    { name: 'mint an X509-SVID without an ID', run: await mint({}) },
    { name: 'mint an X509-SVID with two IDs', run: await mint({ uris: [`spiffe://${OWN}/a`, `spiffe://${OWN}/b`] }) },
    { name: 'mint an X509-SVID of another trust domain', run: await mint(uri('far.org/a')) },
    { name: 'mint an X509-SVID of the trust domain itself', run: await mint(uri(OWN)) },
    { name: 'mint an X509-SVID of the server', run: await mint(uri(`${OWN}/spire/server`)) },
    { name: 'mint an X509-SVID of an agent', run: await mint(uri(`${OWN}/spire/agent/x/y`)) },
    { name: 'mint an X509-SVID of no SPIFFE ID', run: await mint({ uris: ['https://example.org/a'] }) },
    { name: 'mint an X509-SVID with a bad path', run: await mint(uri(`${OWN}/a//b`)) },
    { name: 'mint an X509-SVID with a bad DNS name', run: await mint({ ...uri(`${OWN}/a`), dnsNames: ['a..b'] }) },
    {
      name: 'mint an X509-SVID with a wildcard over another name',
      run: await mint({ ...uri(`${OWN}/a`), dnsNames: ['*.a.b', 'x.a.b'] }),
    },
    { name: 'mint an X509-SVID for a negative time', run: await mint(uri(`${OWN}/a`), -1) },
    { name: 'mint an X509-SVID for the longest time', run: await mint(uri(`${OWN}/a`), MAX_INT32) },
    { name: 'mint a JWT-SVID without an ID', run: jwt(undefined, ['x']) },
    { name: 'mint a JWT-SVID without an audience', run: jwt(id, []) },
    { name: 'mint a JWT-SVID with an empty audience', run: jwt(id, ['']) },
    { name: 'mint a JWT-SVID of another trust domain', run: jwt({ trustDomain: 'far.org', path: '/w' }, ['x']) },
    { name: 'mint a JWT-SVID of the server', run: jwt({ trustDomain: OWN, path: '/spire/server' }, ['x']) },
    { name: 'mint a JWT-SVID of the trust domain itself', run: jwt({ trustDomain: OWN, path: '' }, ['x']) },
    { name: 'mint a JWT-SVID for a negative time', run: jwt(id, ['x'], -1) },
    { name: 'mint a JWT-SVID for the longest time', run: jwt(id, ['x'], MAX_INT32) },
    {
      name: 'mint a WIT-SVID',
      run: (client) =>
        client.unary(SVIDDefinition, 'mintWITSVID', { id, publicKey: Buffer.alloc(0), signingAlgorithm: '', ttl: 0 }),
    },
  ];
}

function entryCases(): ServerCase[] {
  const list = (fields: Parameters<typeof ListEntriesRequest.fromPartial>[0]) => (client: RpcClient) =>
    client.unary(EntryDefinition, 'listEntries', ListEntriesRequest.fromPartial(fields));
  return [
    { name: 'list entries, pages of -1', run: list({ pageSize: -1 }) },
    { name: 'list entries, the largest page', run: list({ pageSize: MAX_INT32 }) },
    { name: 'list entries, a bad token', run: list({ pageSize: 2, pageToken: 'x' }) },
    { name: 'list entries, a bad token without a page size', run: list({ pageToken: 'x' }) },
    {
      name: 'get an entry without an ID',
      run: (client) => client.unary(EntryDefinition, 'getEntry', { id: '', outputMask: undefined }),
    },
    {
      name: 'create no entries',
      run: (client) => client.unary(EntryDefinition, 'batchCreateEntry', { entries: [], outputMask: undefined }),
    },
    {
      name: 'delete entries without IDs',
      run: (client) => client.unary(EntryDefinition, 'batchDeleteEntry', { ids: ['', 'absent'] }),
    },
  ];
}

function authorityCases(): ServerCase[] {
  type Method =
    | 'activateX509Authority'
    | 'taintX509Authority'
    | 'revokeX509Authority'
    | 'activateJWTAuthority'
    | 'taintJWTAuthority'
    | 'revokeJWTAuthority';
  const act = (method: Method, authorityId: string): ServerCase => ({
    name: `${method} with ${authorityId === '' ? 'no ID' : 'an unknown ID'}`,
    run: (client) => client.unary(LocalAuthorityDefinition, method, { authorityId }),
  });
  const methods: Method[] = [
    'activateX509Authority',
    'taintX509Authority',
    'revokeX509Authority',
    'activateJWTAuthority',
    'taintJWTAuthority',
    'revokeJWTAuthority',
  ];
  const current = (method: Method): ServerCase => ({
    name: `${method} with the active authority`,
    run: async (client) => {
      const get = method.includes('X509') ? 'getX509AuthorityState' : 'getJWTAuthorityState';
      const { active } = await client.unary(LocalAuthorityDefinition, get, {});
      return client.unary(LocalAuthorityDefinition, method, { authorityId: active?.authorityId ?? '' });
    },
  });
  const prepared = (method: Method): ServerCase => ({
    name: `${method} with the prepared authority`,
    run: async (client) => {
      const prepare = method.includes('X509') ? 'prepareX509Authority' : 'prepareJWTAuthority';
      const { preparedAuthority } = await client.unary(LocalAuthorityDefinition, prepare, {});
      return client.unary(LocalAuthorityDefinition, method, { authorityId: preparedAuthority?.authorityId ?? '' });
    },
  });
  const wit = ['getWITAuthorityState', 'prepareWITAuthority'] as const;
  const witById = ['activateWITAuthority', 'taintWITAuthority', 'revokeWITAuthority'] as const;
  const upstream = ['taintX509UpstreamAuthority', 'revokeX509UpstreamAuthority'] as const;
  return [
    ...methods.flatMap((method) => [act(method, ''), act(method, 'unknown'), current(method)]),
    ...methods.filter((method) => !method.startsWith('activate')).map(prepared),
    ...wit.map(
      (method): ServerCase => ({ name: method, run: (client) => client.unary(LocalAuthorityDefinition, method, {}) }),
    ),
    ...witById.map(
      (method): ServerCase => ({
        name: method,
        run: (client) => client.unary(LocalAuthorityDefinition, method, { authorityId: 'x' }),
      }),
    ),
    ...upstream.map(
      (method): ServerCase => ({
        name: method,
        run: (client) => client.unary(LocalAuthorityDefinition, method, { subjectKeyId: 'x' }),
      }),
    ),
  ];
}

function relationshipCases(): ServerCase[] {
  type Fields = Parameters<typeof FederationRelationship.fromPartial>[0];
  const web = { $case: 'httpsWeb' as const, value: {} };
  const spiffe = (endpointSpiffeId: string) => ({ $case: 'httpsSpiffe' as const, value: { endpointSpiffeId } });
  const fine: Fields = {
    trustDomain: 'fed.example',
    bundleEndpointUrl: 'https://fed.example/b',
    bundleEndpointProfile: web,
  };
  const create = (fields: Fields) => async (client: RpcClient) => {
    const federationRelationships = [FederationRelationship.fromPartial({ ...fine, ...fields })];
    const request = { federationRelationships, outputMask: undefined };
    return (await client.unary(TrustDomainDefinition, 'batchCreateFederationRelationship', request)).results;
  };
  const update = (fields: Fields, inputMask?: Partial<FederationRelationshipMask>) => async (client: RpcClient) => {
    const federationRelationships = [FederationRelationship.fromPartial({ ...fine, ...fields })];
    const mask = inputMask && FederationRelationshipMask.fromPartial(inputMask);
    const request = { federationRelationships, inputMask: mask, outputMask: undefined };
    return (await client.unary(TrustDomainDefinition, 'batchUpdateFederationRelationship', request)).results;
  };
  const get = (trustDomain: string) => (client: RpcClient) =>
    client.unary(TrustDomainDefinition, 'getFederationRelationship', { trustDomain, outputMask: undefined });
  const list = (pageSize: number, pageToken: string) => async (client: RpcClient) => {
    const request = { pageSize, pageToken, outputMask: undefined };
    const page = await client.unary(TrustDomainDefinition, 'listFederationRelationships', request);
    return page.federationRelationships.map(({ trustDomain }) => trustDomain);
  };
  const remove = (trustDomain: string) => async (client: RpcClient) =>
    (await client.unary(TrustDomainDefinition, 'batchDeleteFederationRelationship', { trustDomains: [trustDomain] }))
      .results;
  const refresh = (trustDomain: string) => (client: RpcClient) =>
    client.unary(TrustDomainDefinition, 'refreshBundle', { trustDomain });
  return [
    { name: 'federate', run: create({}) },
    { name: 'federate again', run: create({}) },
    { name: 'federate with the own trust domain', run: create({ trustDomain: OWN }) },
    { name: 'federate with a bad name', run: create({ trustDomain: 'BAD' }) },
    { name: 'federate with no name', run: create({ trustDomain: '' }) },
    { name: 'federate without a URL', run: create({ trustDomain: 'x.example', bundleEndpointUrl: '' }) },
    { name: 'federate over http', run: create({ trustDomain: 'x.example', bundleEndpointUrl: 'http://x.example/' }) },
    { name: 'federate without a host', run: create({ trustDomain: 'x.example', bundleEndpointUrl: 'https:///b' }) },
    {
      name: 'federate with user info',
      run: create({ trustDomain: 'x.example', bundleEndpointUrl: 'https://a:b@x.example/' }),
    },
    { name: 'federate without a profile', run: create({ trustDomain: 'x.example', bundleEndpointProfile: undefined }) },
    {
      name: 'federate with no endpoint ID',
      run: create({ trustDomain: 'x.example', bundleEndpointProfile: spiffe('') }),
    },
    {
      name: 'federate with a bad endpoint ID',
      run: create({ trustDomain: 'x.example', bundleEndpointProfile: spiffe('x') }),
    },
    {
      name: 'federate with an endpoint ID',
      run: create({ trustDomain: 's.example', bundleEndpointProfile: spiffe('spiffe://s.example/e') }),
    },
    {
      name: 'federate with the bundle of another',
      run: create({ trustDomain: 'x.example', trustDomainBundle: { trustDomain: 'y.example' } }),
    },
    { name: 'change one that is not there', run: update({ trustDomain: 'absent.example' }) },
    {
      name: 'change the URL by mask',
      run: update(
        { bundleEndpointUrl: 'https://fed.example/c', bundleEndpointProfile: spiffe('spiffe://fed.example/e') },
        { bundleEndpointUrl: true },
      ),
    },
    { name: 'change the URL to a bad one', run: update({ bundleEndpointUrl: 'ftp://x' }, { bundleEndpointUrl: true }) },
    { name: 'change nothing', run: update({}, {}) },
    { name: 'get a relationship', run: get('fed.example') },
    { name: 'get a relationship that is not there', run: get('absent.example') },
    { name: 'get a relationship without a name', run: get('') },
    { name: 'get the relationship of the own trust domain', run: get(OWN) },
    { name: 'list relationships', run: list(0, '') },
    { name: 'list relationships, a bad token', run: list(1, 'x') },
    { name: 'list relationships, pages of -1', run: list(-1, '') },
    { name: 'refresh one that is not there', run: refresh('absent.example') },
    { name: 'refresh without a name', run: refresh('') },
    { name: 'end a relationship', run: remove('s.example') },
    { name: 'end one that is not there', run: remove('absent.example') },
    { name: 'end one with a bad name', run: remove('BAD') },
  ];
}

function otherCases(): ServerCase[] {
  const level = (newLevel: number) => (client: RpcClient) =>
    client.unary(LoggerDefinition, 'setLogLevel', { newLevel: newLevel as never });
  return [
    { name: 'set a log level that is none', run: level(99) },
    { name: 'set a negative log level', run: level(-1) },
    { name: 'set the log level to debug', run: level(5) },
    { name: 'reset the log level', run: (client) => client.unary(LoggerDefinition, 'resetLogLevel', {}) },
    {
      name: 'ask for the health of a service',
      run: (client) => client.unary(HealthDefinition, 'check', { service: 'x' }),
    },
    { name: 'ask for the health', run: (client) => client.unary(HealthDefinition, 'check', { service: '' }) },
    { name: 'list the healths', run: (client) => client.unary(HealthDefinition, 'list', {}) },
    {
      name: 'watch the health',
      run: async (client) => {
        for await (const answer of client.serverStream(HealthDefinition, 'watch', { service: '' })) return answer;
        return 'ended';
      },
    },
    {
      name: 'debug info',
      run: async (client) => {
        const info = await client.unary(DebugDefinition, 'getInfo', {});
        return [info.agentsCount, info.entriesCount, info.federatedBundlesCount, info.svidChain.map(({ id }) => id)];
      },
    },
  ];
}
