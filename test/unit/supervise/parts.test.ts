import { beforeAll, describe, expect, it } from 'vitest';
import { changedParts, digestParts, type Kept } from '../../../src/lib/supervise/parts.ts';
import { parseX509Context } from '../../../src/lib/workloadapi/x509-context.ts';
import { grant, makeIdentity } from '../workloadapi/serve-workload-api.ts';

let base: Kept;
let renewed: Kept;

beforeAll(async () => {
  const web = await makeIdentity('/web');
  const kept = (identity: typeof web): Kept => ({
    ...parseX509Context(grant([identity])),
    jwtSvids: [],
    jwtBundles: undefined,
  });
  base = kept(web);
  renewed = kept(await makeIdentity('/web', web.root));
});

const changed = (changes: Partial<Kept>, before: Partial<Kept> = {}): string[] =>
  changedParts(digestParts({ ...base, ...before }), digestParts({ ...base, ...changes }));

const jwks = (...keys: readonly object[]): Map<string, Uint8Array> =>
  new Map([['example.org', Buffer.from(JSON.stringify({ keys }))]]);

describe('the parts of an identity', () => {
  it('are all new at first, as far as there are any', () => {
    expect(changedParts(undefined, digestParts(base))).toEqual(['x509', 'bundle']);
  });

  it('F23: are the same when the same comes again', () => {
    expect(changed({ svids: [...base.svids], bundles: new Map(base.bundles) })).toEqual([]);
  });

  it('change one by one', () => {
    expect(changed(renewed)).toEqual(['x509']);
    expect(changed({ svids: [] })).toEqual(['x509']);
    expect(changed({ jwtSvids: ['a'] })).toEqual(['jwt']);
    expect(changed({ jwtSvids: ['a', 'b'] }, { jwtSvids: ['ab'] })).toEqual(['jwt']);
    expect(changed({ bundles: new Map([...base.bundles, ['other.test', []]]) })).toEqual(['bundle']);
    expect(changed({ jwtBundles: jwks({ kid: 'a' }) })).toEqual(['bundle']);
  });

  it('do not depend on the order of trust domains, and of keys of JWTs', () => {
    const other = ['other.test', []] as const;
    const [own] = base.bundles;
    if (own === undefined) throw new Error('no bundle');
    expect(changed({ bundles: new Map([own, other]) }, { bundles: new Map([other, own]) })).toEqual([]);
    const [a, b] = [{ kid: 'a' }, { kid: 'b' }];
    expect(changed({ jwtBundles: jwks(a, b) }, { jwtBundles: jwks(b, a) })).toEqual([]);
    expect(changed({ jwtBundles: jwks(a, b) }, { jwtBundles: jwks(a) })).toEqual(['bundle']);
    const broken = new Map([['example.org', Buffer.from('{')]]);
    expect(changed({ jwtBundles: broken }, { jwtBundles: broken })).toEqual([]);
  });
});
