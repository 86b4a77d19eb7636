import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatChangeList, parseChangeLists } from '../../../../../src/lib/server/datastore/postgres/change-list.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';

test('any changes come back by name, each once', () => {
  const domain = fc.stringMatching(/^[a-z0-9]{1,8}$/).map(TrustDomain.parse);
  const change = fc.oneof(
    fc.string().map((entryId) => ({ kind: 'entry', entryId, entry: undefined }) as const),
    fc.string().map((spiffeId) => ({ kind: 'node', spiffeId, node: undefined }) as const),
    domain.map((trustDomain) => ({ kind: 'bundle', trustDomain }) as const),
    domain.map((trustDomain) => ({ kind: 'federation', trustDomain }) as const),
  );
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (first, second) => {
      const names = parseChangeLists([formatChangeList(first), formatChangeList(second)]);
      const all = [...first, ...second];
      expect([...names.entryIds]).toEqual([
        ...new Set(all.flatMap((each) => (each.kind === 'entry' ? [each.entryId] : []))),
      ]);
      expect([...names.nodes]).toEqual([
        ...new Set(all.flatMap((each) => (each.kind === 'node' ? [each.spiffeId] : []))),
      ]);
      expect(names.bundles).toEqual(
        new Set(all.flatMap((each) => (each.kind === 'bundle' ? [each.trustDomain.name] : []))),
      );
      expect(names.federations).toEqual(
        new Set(all.flatMap((each) => (each.kind === 'federation' ? [each.trustDomain.name] : []))),
      );
    }),
  );
});

test('any other text is refused as damaged', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        parseChangeLists([text]);
      } catch (error) {
        expect(error).toMatchObject({ code: 'data-loss' });
      }
    }),
  );
  for (const text of ['', '{}', '["e"]', '["x","y"]', '["e",1]', '["b","NOT A DOMAIN"]', '["b","spiffe://a/b"]']) {
    expect(() => parseChangeLists([text])).toThrow(expect.objectContaining({ code: 'data-loss' }));
  }
});
