import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CallContext, ServiceImplementation } from '../../../../../../src/lib/rpc/call-context.ts';
import { SpirekitError } from '../../../../../../src/lib/runtime/errors.ts';
import { trustDomainService } from '../../../../../../src/lib/server/api/trustdomain/v1/service.ts';
import { setCallLogger } from '../../../../../../src/lib/server/authorization/call-logger.ts';
import type { DataStore } from '../../../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { emptyAuthorityBundle } from '../../../../../../src/lib/spiffe/authority-bundle.ts';
import { TrustDomain } from '../../../../../../src/lib/spiffe/trust-domain.ts';
import type { TrustDomainDefinition } from '../../../../../../src/lib/wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import {
  FederationRelationship,
  FederationRelationshipMask,
} from '../../../../../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';
import { ManualClock } from '../../../../../support/manual-clock.ts';
import { rootCertificate } from '../../../datastore/certificates.ts';
import { makeAuthorizedCall } from '../../calls.ts';

const OWN = TrustDomain.parse('example.org');
const web = (trustDomain: string, fields: Parameters<typeof FederationRelationship.fromPartial>[0] = {}) =>
  FederationRelationship.fromPartial({
    trustDomain,
    bundleEndpointUrl: `https://${trustDomain}/bundle`,
    bundleEndpointProfile: { $case: 'httpsWeb', value: {} },
    ...fields,
  });
const spiffe = (trustDomain: string, endpointSpiffeId: string) =>
  web(trustDomain, { bundleEndpointProfile: { $case: 'httpsSpiffe', value: { endpointSpiffeId } } });
const mask = (fields: Parameters<typeof FederationRelationshipMask.fromPartial>[0]) =>
  FederationRelationshipMask.fromPartial(fields);

describe('trustDomainService', () => {
  let store: DataStore;
  let service: Required<ServiceImplementation<typeof TrustDomainDefinition>>;
  let refreshed: string[];
  let refusal: SpirekitError | undefined;
  let warnings: string[];
  let call: CallContext;
  const outputMask = undefined;

  beforeEach(async () => {
    store = await openSqliteDataStore({ path: ':memory:', clock: new ManualClock() });
    refreshed = [];
    refusal = undefined;
    warnings = [];
    call = makeAuthorizedCall();
    const log = {
      debug() {},
      info() {},
      error() {},
      warn: (line: string) => void warnings.push(line),
      with: () => log,
    };
    setCallLogger(call, log);
    const implementation = trustDomainService({
      trustDomain: OWN,
      federation: store.federation,
      bundles: store.bundles,
      federatedBundles: {
        refresh: async (trustDomain) => {
          refreshed.push(trustDomain.name);
          if (refusal !== undefined) throw refusal;
        },
      },
    });
    // All methods are there; the type says that any may be missing.
    service = implementation as Required<ServiceImplementation<typeof TrustDomainDefinition>>;
  });
  afterEach(() => store[Symbol.asyncDispose]());

  const create = async (...federationRelationships: FederationRelationship[]) =>
    (await service.batchCreateFederationRelationship({ federationRelationships, outputMask }, call)).results;
  const update = async (relationship: FederationRelationship, inputMask?: FederationRelationshipMask) => {
    const federationRelationships = [relationship];
    const request = { federationRelationships, inputMask, outputMask };
    return (await service.batchUpdateFederationRelationship(request, call)).results[0];
  };
  const list = async (pageSize = 0, pageToken = '') =>
    service.listFederationRelationships({ pageSize, pageToken, outputMask }, call);

  test('creates relationships item by item, in SPIRE’s words', async () => {
    const results = await create(
      web('a.org'),
      web('a.org'),
      web('example.org'),
      web('b.org', { bundleEndpointUrl: 'http://b.org/' }),
      web('b.org', { bundleEndpointUrl: 'https:///bundle' }),
      web('b.org', { bundleEndpointUrl: 'https://user:secret@b.org/' }),
      web('b.org', { bundleEndpointProfile: undefined }),
      spiffe('b.org', 'not an ID'),
      web('B/'),
      web('c.org', { trustDomainBundle: { trustDomain: 'other.org' } }),
      web('d.org'),
    );
    const CONVERT = 'failed to convert federation relationship: ';
    expect(results.map(({ status }) => [status?.code, status?.message])).toEqual([
      [0, 'OK'],
      [
        13,
        'failed to create federation relationship: datastore-sql: UNIQUE constraint failed: federated_trust_domains.trust_domain',
      ],
      [3, 'unable to create federation relationship for server trust domain'],
      [3, `${CONVERT}bundle endpoint URL must use the https scheme`],
      [3, `${CONVERT}bundle endpoint URL must specify the host`],
      [3, `${CONVERT}bundle endpoint URL must not contain user info`],
      [3, `${CONVERT}unsupported bundle endpoint profile type: <nil>`],
      [3, expect.stringContaining(`${CONVERT}failed to parse endpoint SPIFFE ID: `)],
      [3, expect.stringContaining(`${CONVERT}failed to parse trust domain: `)],
      [
        3,
        `${CONVERT}trust domain bundle ("other.org") must match the trust domain of the federation relationship ("c.org")`,
      ],
      [0, 'OK'],
    ]);
    expect(results.map(({ federationRelationship }) => federationRelationship?.trustDomain)).toEqual([
      'a.org',
      ...Array.from({ length: 9 }, () => undefined),
      'd.org',
    ]);
  });

  test('lists page by page, with the bundles that are stored', async () => {
    await create(web('a.org'), web('b.org'), spiffe('c.org', 'spiffe://c.org/bundle'));
    await store.bundles.setBundle({ ...emptyAuthorityBundle(TrustDomain.parse('b.org')), sequenceNumber: 7n });
    const all = await list();
    expect(all.federationRelationships.map(({ trustDomain }) => trustDomain)).toEqual(['a.org', 'b.org', 'c.org']);
    expect(all.federationRelationships[1]?.trustDomainBundle?.sequenceNumber).toBe(7n);
    expect(all.nextPageToken).toBe('');
    const first = await list(2);
    const rest = await list(2, first.nextPageToken);
    expect(
      [...first.federationRelationships, ...rest.federationRelationships].map(({ trustDomain }) => trustDomain),
    ).toEqual(['a.org', 'b.org', 'c.org']);
    await expect(list(2, 'nonsense')).rejects.toMatchObject({ code: 'internal' });
  });

  test('fills in no more than the mask says', async () => {
    await create(spiffe('a.org', 'spiffe://a.org/bundle'));
    await store.bundles.setBundle(emptyAuthorityBundle(TrustDomain.parse('a.org')));
    const get = (fields: Parameters<typeof FederationRelationshipMask.fromPartial>[0]) =>
      service.getFederationRelationship({ trustDomain: 'a.org', outputMask: mask(fields) }, call);
    expect(await get({})).toEqual(FederationRelationship.fromPartial({ trustDomain: 'a.org' }));
    expect(await get({ bundleEndpointUrl: true })).toEqual(
      FederationRelationship.fromPartial({ trustDomain: 'a.org', bundleEndpointUrl: 'https://a.org/bundle' }),
    );
    expect((await get({ trustDomainBundle: true })).trustDomainBundle?.trustDomain).toBe('a.org');
    expect((await get({ bundleEndpointProfile: true })).bundleEndpointProfile?.$case).toBe('httpsSpiffe');
  });

  test('has one by the name or the ID of its trust domain', async () => {
    await create(web('a.org'));
    const get = (trustDomain: string) => service.getFederationRelationship({ trustDomain, outputMask }, call);
    expect((await get('spiffe://a.org')).bundleEndpointUrl).toBe('https://a.org/bundle');
    await expect(get('absent.org')).rejects.toMatchObject({
      code: 'not-found',
      message: 'federation relationship does not exist',
    });
    await expect(get('A/')).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  test('stores the bundle that a relationship brings, without the other domain’s taint', async () => {
    const asn1 = await rootCertificate('a.org', 4_000_000_000);
    const trustDomainBundle = { trustDomain: 'a.org', x509Authorities: [{ asn1, tainted: true }], sequenceNumber: 4n };
    const [created] = await create(web('a.org', { trustDomainBundle }));
    expect(created?.federationRelationship?.trustDomainBundle?.sequenceNumber).toBe(4n);
    const bundle = await store.bundles.findBundle(TrustDomain.parse('a.org'));
    expect(bundle).toMatchObject({ sequenceNumber: 4n, x509Authorities: [{ tainted: false }] });
    const other = { trustDomain: 'a.org', sequenceNumber: 5n };
    await update(web('a.org', { trustDomainBundle: other }), mask({ bundleEndpointUrl: true }));
    expect(await store.bundles.findBundle(TrustDomain.parse('a.org'))).toEqual(bundle);
    const updated = await update(web('a.org', { trustDomainBundle: other }), mask({ trustDomainBundle: true }));
    expect(updated?.federationRelationship?.trustDomainBundle?.sequenceNumber).toBe(5n);
  });

  test('updates what the mask says, and all of it without one', async () => {
    await create(web('a.org'));
    const moved = spiffe('a.org', 'spiffe://a.org/bundle');
    moved.bundleEndpointUrl = 'https://a.org/moved';
    const byUrl = await update(moved, mask({ bundleEndpointUrl: true }));
    expect(byUrl?.federationRelationship).toMatchObject({
      bundleEndpointUrl: 'https://a.org/moved',
      bundleEndpointProfile: { $case: 'httpsWeb' },
    });
    moved.bundleEndpointUrl = 'https://a.org/again';
    const byProfile = await update(moved, mask({ bundleEndpointProfile: true }));
    expect(byProfile?.federationRelationship).toMatchObject({
      bundleEndpointUrl: 'https://a.org/moved',
      bundleEndpointProfile: { $case: 'httpsSpiffe', value: { endpointSpiffeId: 'spiffe://a.org/bundle' } },
    });
    expect((await update(web('a.org')))?.federationRelationship).toMatchObject({
      bundleEndpointUrl: 'https://a.org/bundle',
      bundleEndpointProfile: { $case: 'httpsWeb' },
    });
    expect((await update(web('absent.org')))?.status).toMatchObject({
      code: 13,
      message: 'failed to update federation relationship: unable to fetch federation relationship: record not found',
    });
  });

  test('deletes item by item, and leaves the bundle', async () => {
    await create(web('a.org'));
    await store.bundles.setBundle(emptyAuthorityBundle(TrustDomain.parse('a.org')));
    const trustDomains = ['a.org', 'a.org', '', 'A/'];
    const { results } = await service.batchDeleteFederationRelationship({ trustDomains }, call);
    expect(results.map(({ trustDomain, status }) => [trustDomain, status?.code, status?.message])).toEqual([
      ['a.org', 0, 'OK'],
      ['a.org', 5, 'federation relationship not found'],
      ['', 3, 'missing trust domain'],
      ['A/', 3, expect.stringContaining('failed to parse trust domain: ')],
    ]);
    expect(await store.bundles.findBundle(TrustDomain.parse('a.org'))).toBeDefined();
  });

  test('says in the log that an endpoint with an SVID cannot be recognised yet', async () => {
    await create(spiffe('a.org', 'spiffe://a.org/bundle'), web('b.org'));
    expect(warnings).toEqual(['bundle not found for the endpoint SPIFFE ID trust domain']);
    await store.bundles.setBundle(emptyAuthorityBundle(TrustDomain.parse('a.org')));
    await update(spiffe('a.org', 'spiffe://a.org/bundle'));
    expect(warnings).toHaveLength(1);
  });

  test('refreshes a bundle, or says why not', async () => {
    const refresh = (trustDomain: string) => service.refreshBundle({ trustDomain }, call);
    expect(await refresh('spiffe://a.org')).toEqual({});
    expect(refreshed).toEqual(['a.org']);
    refusal = new SpirekitError('not-found', 'no relationship with trust domain "a.org"');
    await expect(refresh('a.org')).rejects.toBe(refusal);
    refusal = new SpirekitError('unauthenticated', 'unexpected ID');
    await expect(refresh('a.org')).rejects.toMatchObject({
      code: 'internal',
      message: 'failed to refresh bundle: unexpected ID',
    });
    await expect(refresh('')).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});
