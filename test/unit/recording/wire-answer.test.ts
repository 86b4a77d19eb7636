import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FreshKeys } from '../../../src/lib/recording/fresh-keys.ts';
import {
  jwtBundlesFromWire,
  jwtBundlesToWire,
  jwtSvidsFromWire,
  jwtSvidsToWire,
  jwtValidationFromWire,
  jwtValidationToWire,
  x509BundlesFromWire,
  x509BundlesToWire,
  x509SvidsFromWire,
  x509SvidsToWire,
} from '../../../src/lib/recording/wire-answer.ts';
import { issue, issueCa } from '../crypto/test-ca.ts';
import { answers } from './recording-arbitraries.ts';

const root = await issueCa();
const leaf = await issue({ uris: ['spiffe://example.org/web'] }, root);
const [rootText = '', leafText = ''] = [root, leaf].map(({ certificate }) =>
  Buffer.from(certificate.der).toString('base64'),
);

test('answers go over the wire and back unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(answers, async (answer) => {
      switch (answer.kind) {
        case 'x509_svids': {
          const svids = answer.svids.map(({ spiffe_id, hint }) => ({
            ...{ spiffe_id, hint, key: 'differs' as const },
            ...{ certificates: [leafText, rootText], bundle: [rootText] },
          }));
          const made = { ...answer, svids, federated_bundles: { 'spiffe://other.test': [rootText] } };
          expect(x509SvidsFromWire(await x509SvidsToWire(made, new FreshKeys()))).toEqual(made);
          return;
        }
        case 'x509_bundles': {
          const made = {
            ...answer,
            bundles: Object.fromEntries(Object.keys(answer.bundles).map((id) => [id, [rootText]])),
          };
          expect(x509BundlesFromWire(x509BundlesToWire(made))).toEqual(made);
          return;
        }
        case 'jwt_svids':
          expect(jwtSvidsFromWire(jwtSvidsToWire(answer))).toEqual(answer);
          return;
        case 'jwt_bundles': {
          const made = {
            ...answer,
            bundles: Object.fromEntries(Object.keys(answer.bundles).map((id) => [id, { keys: [] }])),
          };
          expect(jwtBundlesFromWire(jwtBundlesToWire(made))).toEqual(made);
          return;
        }
        case 'jwt_validation':
          expect(jwtValidationFromWire(jwtValidationToWire(answer))).toEqual(answer);
      }
    }),
    { numRuns: 30 },
  );
});

test('what is no certificate keeps its length only', async () => {
  const response = { svids: [], crl: [], federatedBundles: { 'spiffe://other.test': Buffer.from('no certificate') } };
  const recorded = x509SvidsFromWire(response);
  expect(recorded).toMatchObject({ federated_bundles: { 'spiffe://other.test': { malformed_bytes: 14 } } });
});
