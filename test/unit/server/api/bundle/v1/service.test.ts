import { createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateKey, publicKeyDer } from '../../../../../../src/lib/crypto/key.ts';
import type { ServiceImplementation } from '../../../../../../src/lib/rpc/call-context.ts';
import { bundleService } from '../../../../../../src/lib/server/api/bundle/v1/service.ts';
import type { DataStore } from '../../../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { emptyAuthorityBundle, type KeyAuthority } from '../../../../../../src/lib/spiffe/authority-bundle.ts';
import { TrustDomain } from '../../../../../../src/lib/spiffe/trust-domain.ts';
import {
  AppendBundleRequest,
  type BundleDefinition,
  ListFederatedBundlesRequest,
} from '../../../../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { Bundle, BundleMask } from '../../../../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { ManualClock } from '../../../../../support/manual-clock.ts';
import { rootCertificate } from '../../../datastore/certificates.ts';
import { makeEntry } from '../../../datastore/samples.ts';
import { makeAuthorizedCall } from '../../calls.ts';

const TD = TrustDomain.parse('example.org');
const OWN = 'example.org';

describe('bundleService', () => {
  let store: DataStore;
  let service: Required<ServiceImplementation<typeof BundleDefinition>>;
  let publicKey: Uint8Array;
  let root: Uint8Array;
  const call = makeAuthorizedCall();
  const outputMask = undefined;

  beforeEach(async () => {
    store = await openSqliteDataStore({ path: ':memory:', clock: new ManualClock() });
    service = open({});
    publicKey = publicKeyDer(createPublicKey(await generateKey('ec-p256')));
    root = await rootCertificate('far.org', 4_000_000_000);
    await store.bundles.createBundle({
      trustDomain: TD,
      x509Authorities: [{ certificate: root, tainted: true }],
      jwtAuthorities: [],
      witAuthorities: [],
      refreshHintSeconds: 60,
      sequenceNumber: 5n,
    });
  });
  afterEach(() => store[Symbol.asyncDispose]());

  function open(options: { publishJwtKey?: (key: KeyAuthority) => Promise<readonly KeyAuthority[]> }) {
    const implementation = bundleService({
      trustDomain: TD,
      bundles: store.bundles,
      publishJwtKey: async (jwtKey) => {
        const added = { ...emptyAuthorityBundle(TD), jwtAuthorities: [jwtKey] };
        return (await store.bundles.appendBundle(added)).jwtAuthorities;
      },
      ...options,
    });
    // All methods are there; the type says that any may be missing.
    return implementation as Required<ServiceImplementation<typeof BundleDefinition>>;
  }

  const far = (fields: Parameters<typeof Bundle.fromPartial>[0] = {}): Bundle =>
    Bundle.fromPartial({ trustDomain: 'far.org', x509Authorities: [{ asn1: root }], ...fields });
  const create = async (...bundle: Bundle[]) =>
    (await service.batchCreateFederatedBundle({ bundle, outputMask }, call)).results;

  test('GetBundle gives the own bundle, masked', async () => {
    expect(await service.getBundle({ outputMask }, call)).toMatchObject({
      trustDomain: OWN,
      x509Authorities: [{ tainted: true }],
      refreshHint: 60n,
      sequenceNumber: 5n,
    });
    const mask = BundleMask.fromPartial({ sequenceNumber: true });
    const masked = await service.getBundle({ outputMask: mask }, call);
    expect(masked).toEqual(Bundle.fromPartial({ trustDomain: OWN, sequenceNumber: 5n }));
  });

  test('GetBundle of a server that has none yet is not found', async () => {
    await store.bundles.deleteBundle(TD, 'delete');
    await expect(service.getBundle({ outputMask }, call)).rejects.toMatchObject({
      code: 'not-found',
      message: 'bundle not found',
    });
  });

  test('AppendBundle adds authorities, and refuses what it cannot read', async () => {
    const jwtAuthorities = [{ keyId: 'k', publicKey, expiresAt: 9n }];
    const appended = await service.appendBundle(AppendBundleRequest.fromPartial({ jwtAuthorities }), call);
    expect(appended.jwtAuthorities).toMatchObject([{ keyId: 'k', expiresAt: 9n, tainted: false }]);
    expect(appended.sequenceNumber).toBe(6n);
    for (const [request, sentence] of [
      [{}, 'no authorities to append'],
      [{ jwtAuthorities: [{ keyId: '', publicKey }] }, 'failed to convert JWT authority: missing key ID'],
      [{ jwtAuthorities: [{ keyId: 'k', publicKey: new Uint8Array([1]) }] }, 'failed to convert JWT authority: '],
      [{ x509Authorities: [{ asn1: new Uint8Array([1]) }] }, 'failed to convert X.509 authority: '],
    ] as const) {
      const refused = service.appendBundle(AppendBundleRequest.fromPartial({ ...request } as object), call);
      await expect(refused).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining(sentence),
      });
    }
  });

  describe('PublishJWTAuthority', () => {
    const key = () => ({ keyId: 'nested', publicKey, expiresAt: 7n, tainted: false });

    test('keeps the key in the own bundle where there is no upstream', async () => {
      const { jwtAuthorities } = await service.publishJWTAuthority({ jwtAuthority: key() }, call);
      expect(jwtAuthorities).toMatchObject([{ keyId: 'nested', expiresAt: 7n }]);
      expect((await store.bundles.findBundle(TD))?.jwtAuthorities).toHaveLength(1);
    });

    test('hands it to the upstream where there is one', async () => {
      service = open({ publishJwtKey: async (published) => [published, { ...published, keyId: 'other' }] });
      const { jwtAuthorities } = await service.publishJWTAuthority({ jwtAuthority: key() }, call);
      expect(jwtAuthorities.map(({ keyId }) => keyId)).toEqual(['nested', 'other']);
      expect((await store.bundles.findBundle(TD))?.jwtAuthorities).toEqual([]);
    });

    test('refuses a missing or unreadable key; WIT keys are not implemented', async () => {
      await expect(service.publishJWTAuthority({ jwtAuthority: undefined }, call)).rejects.toMatchObject({
        message: 'missing JWT authority',
      });
      const unreadable = { ...key(), publicKey: new Uint8Array() };
      await expect(service.publishJWTAuthority({ jwtAuthority: unreadable }, call)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('invalid JWT authority: '),
      });
      await expect(service.publishWITAuthority({ witAuthority: undefined }, call)).rejects.toMatchObject({
        code: 'unimplemented',
      });
    });
  });

  describe('federated bundles', () => {
    test('are created, listed without the own one, counted with it, and read', async () => {
      const [created] = await create(far({ refreshHint: 30n }));
      expect(created).toMatchObject({ status: { code: 0 }, bundle: { trustDomain: 'far.org', refreshHint: 30n } });
      const listed = await service.listFederatedBundles(ListFederatedBundlesRequest.fromPartial({}), call);
      expect(listed.bundles.map(({ trustDomain }) => trustDomain)).toEqual(['far.org']);
      expect(await service.countBundles({}, call)).toEqual({ count: 2 });
      const found = await service.getFederatedBundle({ trustDomain: 'spiffe://far.org', outputMask }, call);
      expect(Bundle.encode(found).finish()).toEqual(Bundle.encode(created?.bundle ?? Bundle.create()).finish());
    });

    test('are paged over all bundles, so that a page may be short', async () => {
      await create(far(), far({ trustDomain: 'near.org' }));
      const list = (pageToken: string) =>
        service.listFederatedBundles(ListFederatedBundlesRequest.fromPartial({ pageSize: 1, pageToken }), call);
      expect(await list('')).toEqual({ bundles: [], nextPageToken: '1' });
      expect(await list('1')).toMatchObject({ bundles: [{ trustDomain: 'far.org' }], nextPageToken: '2' });
      expect(await list('2')).toMatchObject({ bundles: [{ trustDomain: 'near.org' }], nextPageToken: '3' });
      expect(await list('3')).toEqual({ bundles: [], nextPageToken: '' });
    });

    test('are never the server’s own, and need a readable trust domain', async () => {
      for (const [batch, doing] of [
        [service.batchCreateFederatedBundle, 'creating'],
        [service.batchSetFederatedBundle, 'setting'],
      ] as const) {
        const bundle = [far({ trustDomain: OWN }), far({ trustDomain: 'No!' })];
        const { results } = await batch({ bundle, outputMask }, call);
        expect(results.map(({ status }) => [status?.code, status?.message])).toEqual([
          [3, `${doing} a federated bundle for the server's own trust domain is not allowed`],
          [3, expect.stringContaining('trust domain argument is not valid: ')],
        ]);
      }
      const update = { bundle: [far({ trustDomain: OWN })], inputMask: undefined, outputMask };
      const updated = await service.batchUpdateFederatedBundle(update, call);
      expect(updated.results[0]?.status?.message).toBe(
        "updating a federated bundle for the server's own trust domain is not allowed",
      );
      const deleted = await service.batchDeleteFederatedBundle({ trustDomains: [OWN], mode: 1 }, call);
      expect(deleted.results[0]?.status?.message).toBe(
        'removing the bundle for the server trust domain is not allowed',
      );
      await expect(service.getFederatedBundle({ trustDomain: OWN, outputMask }, call)).rejects.toMatchObject({
        message: "getting a federated bundle for the server's own trust domain is not allowed",
      });
    });

    test('are created once, updated where they are, set in any case', async () => {
      await create(far());
      expect((await create(far()))[0]?.status).toEqual({ code: 6, message: 'bundle already exists' });
      const inputMask = BundleMask.fromPartial({ refreshHint: true });
      const bundle = [
        Bundle.fromPartial({ trustDomain: 'far.org', refreshHint: 9n }),
        far({ trustDomain: 'none.org' }),
      ];
      const { results } = await service.batchUpdateFederatedBundle({ bundle, inputMask, outputMask }, call);
      expect(results[0]?.bundle).toMatchObject({ refreshHint: 9n, x509Authorities: [{}] });
      expect(results[1]?.status).toEqual({ code: 5, message: 'bundle not found' });
      const set = await service.batchSetFederatedBundle(
        { bundle: [far({ trustDomain: 'none.org' }), Bundle.fromPartial({ trustDomain: 'far.org' })], outputMask },
        call,
      );
      expect(set.results.map(({ status, bundle }) => [status?.code, bundle?.x509Authorities.length])).toEqual([
        [0, 1],
        [0, 0],
      ]);
    });

    test('come without taint, whatever the sender says', async () => {
      await create(far({ x509Authorities: [{ asn1: root, tainted: true }] }));
      const found = await service.getFederatedBundle({ trustDomain: 'far.org', outputMask }, call);
      expect(found.x509Authorities).toMatchObject([{ tainted: false }]);
    });

    test('say which authority cannot be read', async () => {
      const [result] = await create(far({ x509Authorities: [{ asn1: new Uint8Array([0]) }] }));
      expect(result?.status).toMatchObject({
        code: 3,
        message: expect.stringContaining('failed to convert bundle: unable to parse X.509 authority: '),
      });
    });

    test('are deleted by the mode', async () => {
      await create(far(), far({ trustDomain: 'near.org' }));
      const federatesWith = ['far.org', 'near.org'].map(TrustDomain.parse);
      await store.entries.createEntry(makeEntry({ federatesWith }));
      const remove = async (name: string, mode: number) => {
        // A client may send any number.
        const request = { trustDomains: [name], mode: mode as 0 };
        const { results } = await service.batchDeleteFederatedBundle(request, call);
        expect(results[0]?.trustDomain).toBe(name);
        return results[0]?.status;
      };
      expect(await remove('far.org', 0)).toEqual({
        code: 9,
        message:
          'failed to delete federated bundle: datastore-sql: cannot delete bundle; federated with 1 registration entries',
      });
      expect(await remove('far.org', 2)).toEqual({ code: 0, message: 'OK' });
      expect(await remove('far.org', 0)).toEqual({ code: 5, message: 'bundle not found' });
      expect(await remove('near.org', 1)).toEqual({ code: 0, message: 'OK' });
      expect(await store.entries.countEntries({})).toBe(0);
      await expect(remove('near.org', 7)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: 'failed to parse deletion mode: unhandled delete mode "7"',
      });
    });
  });
});
