import { describe, expect, test } from 'vitest';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import type { ServerCa } from '../../../src/lib/server/ca/server-ca.ts';
import { checkServerHealth, type ServerHealthDeps } from '../../../src/lib/server/health.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { sampleBundle } from './plugin/bundlepublisher/sample-bundle.ts';

const never = (): never => {
  throw new Error('not asked');
};
const signing = (sign: ServerCa['signWorkloadX509Svid']): ServerCa => ({
  isJwtSvidEnabled: true,
  signServerX509Svid: never,
  signAgentX509Svid: never,
  signWorkloadX509Svid: sign,
  signWorkloadCsr: never,
  signWorkloadJwtSvid: never,
  signDownstreamX509Ca: never,
});
const gone = (): never => {
  throw new SpirekitError('unavailable', 'gone');
};

const well = (): ServerHealthDeps => ({
  trustDomain: TrustDomain.parse('example.org'),
  datastore: {
    bundles: {
      findBundle: () => sampleBundle(1n),
      listBundles: async () => ({ items: [], nextToken: '' }),
    },
    checkWritable: async () => undefined,
  },
  ca: signing(async () => []),
  authorities: { isHealthy: true },
  catalog: { troubles: [] },
});

describe('the health of a server', () => {
  test('is told part by part, in the names of SPIRE', async () => {
    expect(await checkServerHealth(well())).toEqual({
      isLive: true,
      isReady: true,
      details: { 'catalog.datastore': {}, server: {}, 'server.ca': {}, 'server.ca.rotator': {} },
    });
  });

  test.each<[string, Partial<ServerHealthDeps>, object]>([
    [
      'its datastore cannot be read',
      { datastore: { bundles: { findBundle: gone, listBundles: gone }, checkWritable: async () => undefined } },
      { 'catalog.datastore': { list_bundle_err: 'gone' }, server: { get_bundle_err: 'gone' } },
    ],
    ['it cannot sign', { ca: signing(gone) }, { 'server.ca': { sign_x509_svid_err: 'gone' } }],
    [
      'its authorities do not rotate',
      { authorities: { isHealthy: false } },
      { 'server.ca.rotator': { rotation_err: 'rotations exceed the threshold number of failures' } },
    ],
  ])('is neither live nor ready when %s', async (_, changes, details) => {
    expect(await checkServerHealth({ ...well(), ...changes })).toMatchObject({
      isLive: false,
      isReady: false,
      details,
    });
  });

  test('F18: is live but not ready while its datastore takes no writes', async () => {
    const { datastore, ...rest } = well();
    expect(await checkServerHealth({ ...rest, datastore: { ...datastore, checkWritable: gone } })).toMatchObject({
      isLive: true,
      isReady: false,
      details: { 'catalog.datastore': { write_err: 'gone' } },
    });
  });
});
