import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { Bundle, formatJwks } from '../../../src/lib/spiffe/bundle.ts';
import { signJwtSvid } from '../../../src/lib/spiffe/jwt-svid.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { fetchToken, type JwtBundleContents, readJwtBundles } from '../../../src/lib/svidfiles/jwt-contents.ts';
import { WorkloadApiClient } from '../../../src/lib/workloadapi/client.ts';
import { NOW_MS } from '../crypto/test-ca.ts';
import { type ServedWorkloadApi, serveWorkloadApi } from '../workloadapi/serve-workload-api.ts';

const id = SpiffeId.parse('spiffe://example.org/web');
const key = await generateKey('ec-p256');
const signer = signerFromKey(key);
const jwks = formatJwks(new Bundle(id.trustDomain, { jwtAuthorities: new Map([['k', signer.publicKey]]) }));
const bundles: JwtBundleContents = readJwtBundles({ bundles: { 'spiffe://example.org': Buffer.from(jwks) } });

const token = async (audience: string[], subject = id): Promise<string> => {
  const times = { issuedAt: new Date(NOW_MS), expiresAt: new Date(NOW_MS + 300_000) };
  return (await signJwtSvid({ id: subject, audience, ...times, kid: 'k', signer })).token;
};

let api: ServedWorkloadApi;
let answer: (audience: string[]) => Promise<{ spiffeId: string; svid: string; hint: string }[]>;

beforeAll(async () => {
  api = await serveWorkloadApi({ fetchJWTSVID: async ({ audience }) => ({ svids: await answer(audience) }) });
});
afterAll(() => api[Symbol.asyncDispose]());

const fetch = async (choice: { hint?: string } = {}) => {
  await using client = new WorkloadApiClient({ kind: 'unix', path: api.path });
  const wanted = { identity: { id, hint: '' }, choice, audience: ['a', 'b'] };
  return await fetchToken(client, wanted, { bundles: bundles.bundles, nowMs: () => NOW_MS });
};

describe('fetchToken', () => {
  it('gives a token that verifies, with its end', async () => {
    answer = async (audience) => [{ spiffeId: `${id}`, svid: await token(audience), hint: '' }];
    expect((await fetch()).expiresAtMs).toBe(NOW_MS + 300_000);
  });

  it('takes the one with the hint that is wanted', async () => {
    answer = async (audience) => [
      { spiffeId: `${id}`, svid: 'no token', hint: 'external' },
      { spiffeId: `${id}`, svid: await token(audience), hint: 'internal' },
    ];
    expect((await fetch({ hint: 'internal' })).token).toMatch(/^ey/);
  });

  it.each([
    [
      'of another identity',
      () => token(['a', 'b'], SpiffeId.parse('spiffe://example.org/other')),
      'it is of spiffe://example.org/other',
    ],
    ['without an audience that was asked for', () => token(['a']), 'it lacks the audience "b"'],
    ['that nobody has signed', async () => `${(await token(['a', 'b'])).slice(0, -8)}AAAAAAAA`, 'does not verify'],
  ] as const)('refuses a token %s', async (_, make, reason) => {
    answer = async () => [{ spiffeId: `${id}`, svid: await make(), hint: '' }];
    await expect(fetch()).rejects.toMatchObject({ code: 'invalid-jwt-svid', message: expect.stringContaining(reason) });
  });
});

describe('readJwtBundles', () => {
  it('keeps documents as they came', () => {
    expect([...bundles.documents]).toEqual([['example.org', Buffer.from(jwks)]]);
  });

  it('refuses with a code whatever is no bundle', () => {
    const id = fc.oneof(fc.constant('spiffe://a.test'), fc.string());
    fc.assert(
      fc.property(fc.dictionary(id, fc.oneof(fc.constant(Buffer.from(jwks)), fc.uint8Array())), (given) => {
        try {
          expect(readJwtBundles({ bundles: given }).documents.size).toBeLessThanOrEqual(Object.keys(given).length);
        } catch (error) {
          expect(error).toBeInstanceOf(SpirekitError);
        }
      }),
    );
  });
});
