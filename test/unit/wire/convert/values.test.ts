import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { publicKeyDer } from '../../../../src/lib/crypto/key.ts';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { agentFromWire, agentToWire } from '../../../../src/lib/wire/convert/agent.ts';
import { bundleFromWire, bundleToWire } from '../../../../src/lib/wire/convert/bundle.ts';
import {
  federationRelationshipFromWire,
  federationRelationshipToWire,
} from '../../../../src/lib/wire/convert/federation-relationship.ts';
import { joinTokenFromWire, joinTokenToWire } from '../../../../src/lib/wire/convert/join-token.ts';
import { selectorsFromWire, selectorsToWire } from '../../../../src/lib/wire/convert/selector.ts';
import {
  agentIdFromWire,
  memberIdFromWire,
  spiffeIdFromWire,
  spiffeIdText,
  spiffeIdToWire,
  workloadIdFromWire,
} from '../../../../src/lib/wire/convert/spiffe-id.ts';
import {
  findPermissionDeniedReason,
  permissionDeniedDetails,
  statusToWire,
} from '../../../../src/lib/wire/convert/status.ts';
import {
  jwtSvidFromWire,
  jwtSvidToWire,
  x509SvidFromWire,
  x509SvidToWire,
} from '../../../../src/lib/wire/convert/svid.ts';
import { Agent, AgentMask } from '../../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Bundle, BundleMask } from '../../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import {
  FederationRelationship,
  FederationRelationshipMask,
} from '../../../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';
import { JoinToken } from '../../../../src/lib/wire/gen/spire/api/types/jointoken.ts';
import { JWTSVID } from '../../../../src/lib/wire/gen/spire/api/types/jwtsvid.ts';
import { X509SVID } from '../../../../src/lib/wire/gen/spire/api/types/x509svid.ts';
import { makeIdentity } from '../../rpc/test-certificates.ts';
import { seconds, selectors, spiffeIds, trustDomains } from './arbitraries.ts';

let certificates: readonly Certificate[] = [];
let publicKeys: readonly Uint8Array[] = [];

beforeAll(async () => {
  const identities = await Promise.all(['a', 'b'].map((path) => makeIdentity(`spiffe://example.org/${path}`)));
  certificates = identities.map(({ certificate }) => certificate);
  publicKeys = identities.map(({ key }) => new Uint8Array(publicKeyDer(key)));
});

/** Elements of a list that is only there once the tests run. */
const someOf = <T>(list: () => readonly T[]): fc.Arbitrary<T[]> =>
  fc.array(fc.nat(), { maxLength: 3 }).map((picks) => picks.flatMap((pick) => list()[pick % list().length] ?? []));

const authorityBundles = fc
  .record({
    trustDomain: trustDomains,
    roots: someOf(() => certificates),
    keys: someOf(() => publicKeys),
    keyId: fc.string({ minLength: 1 }),
    tainted: fc.boolean(),
    refreshHintSeconds: seconds,
    expiresAtSeconds: seconds,
    sequenceNumber: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  })
  .map(({ trustDomain, roots, keys, keyId, tainted, refreshHintSeconds, expiresAtSeconds, sequenceNumber }) => ({
    trustDomain,
    x509Authorities: roots.map(({ der }) => ({ certificate: new Uint8Array(der), tainted })),
    jwtAuthorities: keys.map((publicKey) => ({ keyId, publicKey, expiresAtSeconds, tainted })),
    witAuthorities: keys.map((publicKey) => ({ keyId, publicKey, expiresAtSeconds, tainted: !tainted })),
    refreshHintSeconds,
    sequenceNumber,
  }));

describe('values that cross the wire come back as they were', () => {
  it('SPIFFE IDs', () => {
    fc.assert(
      fc.property(spiffeIds, (id) => {
        expect(spiffeIdFromWire(spiffeIdToWire(id))).toEqual(id);
        expect(spiffeIdText(spiffeIdToWire(id))).toBe(id.toString());
      }),
    );
  });

  it('selectors', () => {
    fc.assert(
      fc.property(fc.array(selectors), (some) => {
        expect(selectorsFromWire(selectorsToWire(some))).toEqual(some);
      }),
    );
  });

  it('agents, but for a renewal under way', () => {
    const nodes = fc.record({
      spiffeId: spiffeIds,
      attestationType: fc.string(),
      serialNumber: fc.string(),
      expiresAtSeconds: seconds,
      newSerialNumber: fc.constant(''),
      newExpiresAtSeconds: fc.constant(0),
      canReattest: fc.boolean(),
      agentVersion: fc.string(),
      selectors: fc.array(selectors),
    });
    fc.assert(
      fc.property(nodes, (node) => {
        const wire = agentToWire(node);
        expect(wire.banned).toBe(node.serialNumber === '');
        expect(agentFromWire(Agent.decode(Agent.encode(wire).finish()))).toEqual(node);
        expect(agentToWire(node, AgentMask.create())).toEqual(Agent.create({ id: spiffeIdToWire(node.spiffeId) }));
      }),
    );
  });

  it('bundles', () => {
    fc.assert(
      fc.property(authorityBundles, (bundle) => {
        const decoded = Bundle.decode(new Uint8Array(Bundle.encode(bundleToWire(bundle)).finish()));
        expect(bundleFromWire(decoded)).toEqual(bundle);
        expect(bundleToWire(bundle, BundleMask.create())).toEqual(
          Bundle.create({ trustDomain: bundle.trustDomain.name }),
        );
      }),
    );
  });

  it('federation relationships', () => {
    const profiles = fc.oneof(
      fc.constant({ kind: 'https_web' as const }),
      fc.record({ kind: fc.constant('https_spiffe' as const), endpointSpiffeId: spiffeIds }),
    );
    const bundleOf = fc.option(authorityBundles, { nil: undefined });
    fc.assert(
      fc.property(
        trustDomains,
        fc.webUrl({ validSchemes: ['https'] }),
        profiles,
        bundleOf,
        (trustDomain, url, profile, bundle) => {
          const relationship = {
            trustDomain,
            bundleEndpointUrl: url,
            profile,
            bundle: bundle === undefined ? undefined : { ...bundle, trustDomain },
          };
          const bytes = FederationRelationship.encode(federationRelationshipToWire(relationship)).finish();
          const decoded = FederationRelationship.decode(new Uint8Array(bytes));
          expect(federationRelationshipFromWire(decoded)).toEqual(relationship);
        },
      ),
    );
  });

  it('join tokens', () => {
    fc.assert(
      fc.property(fc.record({ value: fc.string(), expiresAtSeconds: seconds }), (token) => {
        const bytes = JoinToken.encode(joinTokenToWire(token)).finish();
        expect(joinTokenFromWire(JoinToken.decode(bytes))).toEqual(token);
      }),
    );
  });

  it('SVIDs', () => {
    const rest = { id: spiffeIds, expiresAtSeconds: seconds, hint: fc.string() };
    const x509 = fc.record({ ...rest, certificates: someOf(() => certificates) });
    const jwt = fc.record({ ...rest, token: fc.string(), issuedAtSeconds: seconds });
    fc.assert(
      fc.property(x509, jwt, (x509Svid, jwtSvid) => {
        const back = x509SvidFromWire(X509SVID.decode(X509SVID.encode(x509SvidToWire(x509Svid)).finish()));
        expect({ ...back, certificates: back.certificates.length }).toEqual({
          ...x509Svid,
          certificates: x509Svid.certificates.length,
        });
        expect(back.certificates.every((each, i) => x509Svid.certificates[i]?.equals(each))).toBe(true);
        expect(jwtSvidFromWire(JWTSVID.decode(JWTSVID.encode(jwtSvidToWire(jwtSvid)).finish()))).toEqual(jwtSvid);
      }),
    );
  });

  it('reasons of refusals', () => {
    for (const reason of [0, 1, 2, 3, 4, 5] as const) {
      expect(findPermissionDeniedReason(permissionDeniedDetails('agent is banned', reason))).toBe(reason);
    }
  });
});

describe('IDs of a kind', () => {
  const domain = TrustDomain.parse('example.org');
  const id = (path: string, trustDomain = 'example.org') => ({ trustDomain, path });

  it.each([
    [memberIdFromWire, '/spire/server'],
    [memberIdFromWire, '/a'],
    [agentIdFromWire, '/spire/agent/join_token/x'],
    [workloadIdFromWire, '/spirea/b'],
  ])('%o takes %s', (parse, path) => {
    expect(parse(domain, id(path)).path).toBe(path);
  });

  it.each([
    [memberIdFromWire, id('/a', 'x.org'), '"spiffe://x.org/a" is not a member of trust domain "example.org"'],
    [agentIdFromWire, id(''), '"spiffe://example.org" is not an agent in trust domain "example.org"; path is empty'],
    [
      agentIdFromWire,
      id('/nobody'),
      '"spiffe://example.org/nobody" is not an agent in trust domain "example.org"; path is not in the agent namespace',
    ],
    [agentIdFromWire, id('/a', 'x.org'), '"spiffe://x.org/a" is not a member of trust domain "example.org"'],
    [
      workloadIdFromWire,
      id('/spire'),
      '"spiffe://example.org/spire" is not a workload in trust domain "example.org"; path is in the reserved namespace',
    ],
    [workloadIdFromWire, id('/a', ''), 'trust domain is missing'],
    [memberIdFromWire, undefined, 'request must specify SPIFFE ID'],
  ])('%o refuses %o', (parse, wire, message) => {
    expect(() => parse(domain, wire)).toThrow(expect.objectContaining({ message }));
  });
});

describe('bundleFromWire', () => {
  it('makes one authority of each certificate', () => {
    const asn1 = Buffer.concat(certificates.map(({ der }) => der));
    const bundle = bundleFromWire(Bundle.create({ trustDomain: 'example.org', x509Authorities: [{ asn1 }] }));
    expect(bundle.x509Authorities).toHaveLength(2);
  });

  it.each([
    [undefined, 'no bundle provided'],
    [{ trustDomain: '' }, 'invalid trust domain: trust domain is missing'],
    [{ trustDomain: 'a', x509Authorities: [{ asn1: Uint8Array.of(1) }] }, 'unable to parse X.509 authority: '],
    [
      { trustDomain: 'a', jwtAuthorities: [{ keyId: 'x', publicKey: Uint8Array.of(1) }] },
      'unable to parse JWT authority: ',
    ],
  ])('refuses %o', (wire, message) => {
    expect(() => bundleFromWire(wire === undefined ? undefined : Bundle.create(wire))).toThrow(message);
  });

  it('refuses a key without id', () => {
    const jwtAuthorities = publicKeys.map((publicKey) => ({ publicKey }));
    expect(() => bundleFromWire(Bundle.create({ trustDomain: 'a', jwtAuthorities }))).toThrow(
      'unable to parse JWT authority: missing key ID',
    );
  });
});

describe('federationRelationshipFromWire', () => {
  const good = FederationRelationship.create({
    trustDomain: 'example.org',
    bundleEndpointUrl: 'https://example.org/bundle',
    bundleEndpointProfile: { $case: 'httpsWeb', value: {} },
  });

  it.each([
    [{ trustDomain: '' }, 'failed to parse trust domain: trust domain is missing'],
    [{ bundleEndpointUrl: '' }, 'bundle endpoint URL must use the https scheme'],
    [{ bundleEndpointUrl: 'http://a' }, 'bundle endpoint URL must use the https scheme'],
    [{ bundleEndpointUrl: 'https:///x' }, 'bundle endpoint URL must specify the host'],
    [{ bundleEndpointUrl: 'https://u:p@a' }, 'bundle endpoint URL must not contain user info'],
    [{ bundleEndpointUrl: 'https://[a' }, 'failed to parse bundle endpoint URL: "https://[a" is malformed'],
    [{ bundleEndpointProfile: undefined }, 'unsupported bundle endpoint profile type: <nil>'],
    [
      { bundleEndpointProfile: { $case: 'httpsSpiffe' as const, value: { endpointSpiffeId: 'x' } } },
      'failed to parse endpoint SPIFFE ID: scheme is missing or invalid',
    ],
    [
      { trustDomainBundle: Bundle.create({ trustDomain: 'other.org' }) },
      'trust domain bundle ("other.org") must match the trust domain of the federation relationship ("example.org")',
    ],
  ])('refuses %o', (change, message) => {
    expect(() => federationRelationshipFromWire({ ...good, ...change })).toThrow(expect.objectContaining({ message }));
  });

  it('looks at nothing outside the mask', () => {
    const broken = { ...good, bundleEndpointUrl: '', bundleEndpointProfile: undefined };
    expect(federationRelationshipFromWire(broken, FederationRelationshipMask.create())).toEqual({
      trustDomain: TrustDomain.parse('example.org'),
    });
    expect(() => federationRelationshipFromWire(undefined)).toThrow('missing federation relationship');
  });
});

describe('statusToWire', () => {
  it('follows the table of codes and hides what is not ours', () => {
    expect(statusToWire(new SpirekitError('not-found', 'entry not found'))).toEqual({
      code: 5,
      message: 'entry not found',
    });
    expect(statusToWire(new Error('/root/secret'))).toEqual({ code: 13, message: 'internal error' });
    expect(statusToWire(new SpirekitError('io-error', '/root/secret'))).toEqual({
      code: 13,
      message: 'internal error',
    });
  });
});

describe('findPermissionDeniedReason', () => {
  it('finds nothing in details that are malformed or of another kind', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect([undefined, 0, 1, 2, 3, 4, 5]).toContain(findPermissionDeniedReason(bytes));
      }),
    );
  });
});
