import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../src/lib/runtime/clock.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { BundleRefresher, type RefreshOutcome } from '../../../../src/lib/server/federation/bundle-refresher.ts';
import { formatAuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle-document.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { TestAuthority } from '../../../support/https-endpoint.ts';
import { FarDomain } from './far-domain.ts';

const FETCHING = 'failed to fetch federated bundle from endpoint: ';
const never = new AbortController().signal;

describe('the refresh of a federated bundle', () => {
  let store: DataStore;
  let far: FarDomain;

  beforeEach(async () => {
    store = await openSqliteDataStore({ path: ':memory:', clock: systemClock });
  });
  afterEach(async () => {
    await far[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  function refresh(relationship = far.relationship(), signal = never): Promise<RefreshOutcome> {
    const refresher = new BundleRefresher({
      bundles: store.bundles,
      fetcher: () => Promise.resolve(far.fetcher(systemClock)),
      clock: systemClock,
    });
    return refresher.refresh(relationship, signal);
  }

  const kept = async (): Promise<string> => {
    const bundle = await store.bundles.findBundle(far.trustDomain);
    return bundle === undefined ? 'none' : formatAuthorityBundle(bundle);
  };

  test('stores a bundle that is new, and leaves alone one that is not', async () => {
    far = await FarDomain.open();
    expect(await refresh()).toMatchObject({ isNew: true });
    expect(await kept()).toBe(formatAuthorityBundle(far.bundle));
    const changes: unknown[] = [];
    store.changes.subscribe((change) => changes.push(change));
    expect(await refresh()).toEqual({ bundle: await store.bundles.findBundle(far.trustDomain), isNew: false });
    expect(changes).toEqual([]);
    far.serve(await far.changed());
    expect(await refresh()).toMatchObject({ isNew: true, bundle: { sequenceNumber: 6n } });
    expect(await kept()).toBe(formatAuthorityBundle(far.bundle));
  });

  test('takes a change without a new sequence number, as SPIRE’s endpoints may make', async () => {
    far = await FarDomain.open();
    await refresh();
    far.serve(await far.changed({ sequenceNumber: 5n }));
    expect(await refresh()).toMatchObject({ isNew: true });
    far.serve(await far.changed({ sequenceNumber: 0n }));
    expect(await refresh()).toMatchObject({ isNew: true });
  });

  const pour = (response: ServerResponse): void => {
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(65_536))) {
        // Until the socket is full.
      }
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };

  test('F39: keeps the last good bundle whatever the endpoint answers, and says why', async () => {
    far = await FarDomain.open();
    await refresh();
    const before = await kept();
    const { bundle } = far;
    const other = await TestAuthority.make('spiffe://other.org');
    const older = formatAuthorityBundle(await far.changed({ sequenceNumber: 4n }));
    const foreign = formatAuthorityBundle({
      ...bundle,
      x509Authorities: [{ certificate: new Uint8Array(other.certificate.der), tainted: false }],
      sequenceNumber: 9n,
    });
    const REFUSED = `${FETCHING}the bundle is refused: `;
    const cases: [answer: (response: ServerResponse) => void, reason: string | RegExp][] = [
      [(response) => response.end(older), `${REFUSED}its sequence number 4 is older than 5, which is stored`],
      [(response) => response.end(foreign), `${REFUSED}one of its roots names trust domain "other.org"`],
      [(response) => response.end('{"keys":[]}'), `${REFUSED}it trusts nothing, and has no newer sequence number`],
      [
        (response) => response.end('{"keys":[],"spiffe_sequence":5}'),
        `${REFUSED}it trusts nothing, and has no newer sequence number`,
      ],
      [
        (response) => response.end(`{"keys":[${Array(1001).fill('{}').join()}],"spiffe_sequence":9}`),
        `${REFUSED}it has 1001 keys, and more than 1000 are not looked at`,
      ],
      [(response) => response.end('{}'), `${FETCHING}no authorities found`],
      [(response) => response.end('<html>'), /unable to parse JWKS/],
      [
        (response) => response.writeHead(503).end('later\n'),
        `${FETCHING}unexpected status 503 fetching bundle: "later"`,
      ],
      [
        (response) => response.writeHead(302, { location: 'http://localhost/' }).end(),
        /is not followed: URL must use the https scheme/,
      ],
      [(response) => response.writeHead(302, { location: '/' }).end(), /too many redirects/],
      [
        (response) => response.writeHead(302, { location: 'https://169.254.169.254/' }).end(),
        `${FETCHING}169.254.169.254 must not be fetched from`,
      ],
      [pour, /has more than 1048576 bytes/],
      [(response) => response.destroy(), /no answer from/],
    ];
    for (const [answer, reason] of cases) {
      far.answer = (_, response) => answer(response);
      const outcome = await refresh();
      expect(outcome).toMatchObject({ isNew: false, bundle: { sequenceNumber: 5n } });
      expect(outcome.error?.message).toMatch(reason);
      expect(await kept()).toBe(before);
    }
  });

  test('F39: takes a newer bundle without keys for what it says: that all of them were revoked', async () => {
    far = await FarDomain.open();
    await refresh();
    far.answer = (_, response) => response.end('{"keys":[],"spiffe_sequence":6}');
    expect(await refresh()).toMatchObject({ isNew: true, bundle: { x509Authorities: [], jwtAuthorities: [] } });
    expect(await refresh()).toEqual({ isNew: false, bundle: await store.bundles.findBundle(far.trustDomain) });
  });

  test('F39: believes an endpoint with an SVID only if it has the very ID, of the bundle that is stored', async () => {
    far = await FarDomain.open('https_spiffe');
    const spiffe = far.relationship('https_spiffe');
    expect((await refresh(spiffe)).error?.message).toBe(
      `${FETCHING}can't perform SPIFFE Authentication: local copy of bundle not found for trust domain "far.org"; set it once with "bundle set"`,
    );
    await store.bundles.setBundle({ ...far.bundle, jwtAuthorities: [], sequenceNumber: 1n });
    expect(await refresh(spiffe)).toMatchObject({ isNew: true, bundle: { sequenceNumber: 5n } });
    const otherId = far.relationship('https_spiffe', SpiffeId.parse('spiffe://far.org/other'));
    expect((await refresh(otherId)).error?.message).toBe(
      `${FETCHING}localhost:${far.endpoint.port} did not prove who it is: unexpected ID "spiffe://far.org/bundle-endpoint"`,
    );
    const web = far.relationship('https_web');
    expect((await refresh(web)).error?.message).toMatch(/names SPIFFE ID "spiffe:\/\/far.org\/bundle-endpoint"$/);
    const impostor = await TestAuthority.make('spiffe://far.org');
    await store.bundles.setBundle({
      ...far.bundle,
      x509Authorities: [{ certificate: new Uint8Array(impostor.certificate.der), tainted: false }],
    });
    const asked = far.endpoint.asked.length;
    expect((await refresh(spiffe)).error?.message).toMatch(
      /did not prove who it is: certificate signed by unknown auth/,
    );
    expect(far.endpoint.asked).toHaveLength(asked);
  });

  test('stores nothing once it was given up', async () => {
    far = await FarDomain.open();
    const asked = Promise.withResolvers<void>();
    far.answer = () => asked.resolve();
    const stop = new AbortController();
    const refreshing = refresh(far.relationship(), stop.signal);
    await asked.promise;
    stop.abort(new Error('changed'));
    await expect(refreshing).rejects.toThrow('changed');
    expect(await kept()).toBe('none');
  });

  test('F39: stores no older bundle than the one that another server has stored meanwhile', async () => {
    far = await FarDomain.open();
    await refresh();
    const newest = await far.changed({ sequenceNumber: 8n });
    far.serve(await far.changed({ sequenceNumber: 7n }));
    const { answer } = far;
    far.answer = async (request, response) => {
      await store.bundles.setBundle(newest);
      answer(request, response);
    };
    expect(await refresh()).toMatchObject({ isNew: false, bundle: { sequenceNumber: 8n } });
    expect(await kept()).toBe(formatAuthorityBundle(newest));
  });

  test('F18: goes on with the stored bundle when the datastore takes no writes', async () => {
    far = await FarDomain.open();
    await refresh();
    far.serve(await far.changed());
    await using failing = await openSqliteDataStore({ path: ':memory:', clock: systemClock });
    await failing.bundles.setBundle({ ...far.bundle, sequenceNumber: 5n });
    const refresher = new BundleRefresher({
      bundles: {
        findBundle: (trustDomain) => failing.bundles.findBundle(trustDomain),
        advanceBundle: () => Promise.reject(new Error('disk full')),
      },
      fetcher: () => Promise.resolve(far.fetcher(systemClock)),
      clock: systemClock,
    });
    const outcome = await refresher.refresh(far.relationship(), never);
    expect(outcome).toMatchObject({ isNew: false, bundle: { sequenceNumber: 5n } });
    expect(outcome.error?.message).toBe('failed to store fetched federated bundle: disk full');
  });
});
