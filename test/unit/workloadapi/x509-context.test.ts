import { beforeAll, describe, expect, it } from 'vitest';
import { parseX509Context } from '../../../src/lib/workloadapi/x509-context.ts';
import { grant, makeIdentity, type TestIdentity } from './serve-workload-api.ts';

let first: TestIdentity;
let second: TestIdentity;

beforeAll(async () => {
  first = await makeIdentity('/first');
  second = await makeIdentity('/second', first.root);
});

describe('parseX509Context', () => {
  it('keeps the order of the SVIDs and names bundles by their trust domain', () => {
    const foreign = { 'spiffe://other.test': second.root.certificate.der };
    const context = parseX509Context(grant([second, first], { federatedBundles: foreign }));
    expect(context.svids.map(({ id }) => id.toString())).toEqual([second.spiffeId, first.spiffeId]);
    expect([...context.bundles.keys()].sort()).toEqual(['example.org', 'other.test']);
  });

  it('takes the first of the SVIDs that share a hint', () => {
    const response = grant([first, second]);
    const hinted = { ...response, svids: response.svids.map((svid) => ({ ...svid, hint: 'internal' })) };
    expect(parseX509Context(hinted).svids.map(({ id }) => id.toString())).toEqual([first.spiffeId]);
  });

  it('refuses an answer without SVIDs, and one whose key is of another SVID', () => {
    expect(() => parseX509Context(grant([]))).toThrow(expect.objectContaining({ code: 'invalid-x509-svid' }));
    const [one, other] = grant([first, second]).svids;
    const mixed = { ...grant([]), svids: one && other ? [{ ...one, x509SvidKey: other.x509SvidKey }] : [] };
    expect(() => parseX509Context(mixed)).toThrow(expect.objectContaining({ code: 'invalid-x509-svid' }));
  });
});
