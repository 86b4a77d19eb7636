import { describe, expect, test } from 'vitest';
import { refreshIntervalMs } from '../../../../src/lib/server/federation/refresh-interval.ts';
import { emptyAuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { rootCertificate } from '../datastore/certificates.ts';

const td = TrustDomain.parse('far.org');
const withHint = (refreshHintSeconds: number) => ({ ...emptyAuthorityBundle(td), refreshHintSeconds });

describe('the next look for a bundle', () => {
  test.each([
    ['a quarter of the hint', 300, 75_000],
    ['F39: that of a minute for a smaller hint', 1, 15_000],
    ['F39: that of a minute for a hint of 0 without roots', 0, 15_000],
    ['F39: a day at most', 2 ** 31 - 1, 86_400_000],
  ])('comes after %s', (_, hint, ms) => {
    expect(refreshIntervalMs(withHint(hint))).toBe(ms);
  });

  test('comes after a minute while there is no bundle', () => {
    expect(refreshIntervalMs(undefined)).toBe(60_000);
  });

  test('comes, without a hint, after a fortieth of the shortest life of a root', async () => {
    const lives = [40_000, 400_000];
    const roots = await Promise.all(lives.map((seconds) => rootCertificate('far.org', seconds)));
    const x509Authorities = roots.map((certificate) => ({ certificate, tainted: false }));
    expect(refreshIntervalMs({ ...withHint(0), x509Authorities })).toBe(1_000_000);
    expect(refreshIntervalMs({ ...withHint(100), x509Authorities })).toBe(25_000);
  });
});
