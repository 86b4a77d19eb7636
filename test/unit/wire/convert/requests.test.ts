import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trustBundleFromWire } from '../../../../src/lib/agent/client/trust-bundles.ts';
import { fromWireBundle } from '../../../../src/lib/cli/bundle-data.ts';
import { publicKeyDer } from '../../../../src/lib/crypto/key.ts';
import { ERROR_CODES, type ErrorCode, SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { agentFilterFromWire } from '../../../../src/lib/server/api/agent/v1/agent-filter.ts';
import { parseFederatedTrustDomain } from '../../../../src/lib/server/api/bundle/v1/federated-bundles.ts';
import { entryFilterFromWire } from '../../../../src/lib/server/api/entry/v1/entry-filter.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import {
  keyAuthoritiesFromWire,
  keyAuthorityToWire,
  x509AuthoritiesFromWire,
} from '../../../../src/lib/wire/convert/bundle.ts';
import { entryToWire, requestedEntryFromWire } from '../../../../src/lib/wire/convert/entry.ts';
import { secondsFromWire, secondsToWire } from '../../../../src/lib/wire/convert/seconds.ts';
import { agentIdFromWire, memberIdFromWire, workloadIdFromWire } from '../../../../src/lib/wire/convert/spiffe-id.ts';
import { statusToWire } from '../../../../src/lib/wire/convert/status.ts';
import { ListAgentsRequest_Filter } from '../../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { ListEntriesRequest_Filter } from '../../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Bundle } from '../../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { SelectorMatch_MatchBehavior } from '../../../../src/lib/wire/gen/spire/api/types/selector.ts';
import { issueCa } from '../../crypto/test-ca.ts';
import { entries, seconds, selectors, spiffeIds, trustDomains } from './arbitraries.ts';

const root = (await issueCa()).certificate;
const publicKey = new Uint8Array(publicKeyDer(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey));
const domain = TrustDomain.parse('example.org');
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const keys = fc.array(
  fc.record({
    keyId: fc.string({ minLength: 1 }),
    publicKey: fc.constant(publicKey),
    expiresAtSeconds: seconds,
    tainted: fc.boolean(),
  }),
  { maxLength: 3 },
);

const { MATCH_EXACT, MATCH_SUBSET, MATCH_SUPERSET, MATCH_ANY } = SelectorMatch_MatchBehavior;
const MATCHES = [MATCH_EXACT, MATCH_SUBSET, MATCH_SUPERSET, MATCH_ANY] as const;

function accepts(step: () => unknown): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (error instanceof SpirekitError && error.code !== 'unknown') return false;
    throw error;
  }
}

describe('parts of messages', () => {
  it('seconds come back, and what a number cannot hold exactly is refused', () => {
    fc.assert(
      fc.property(seconds, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value, wire) => {
        expect(secondsFromWire(secondsToWire(value))).toBe(value === 0 ? 0 : value);
        expect(accepts(() => expect(BigInt(secondsFromWire(wire))).toBe(wire))).toBe(
          Number.isSafeInteger(Number(wire)),
        );
      }),
    );
  });

  it('a status has the number of its code, and the words of errors that are ours only', () => {
    const codes: fc.Arbitrary<ErrorCode> = fc.constantFrom(...Object.keys(ERROR_CODES).filter(isCode));
    fc.assert(
      fc.property(codes, text, (code, message) => {
        const isTold = code !== 'io-error' && code !== 'unknown';
        const expected = isTold ? { code: ERROR_CODES[code].grpc, message } : { code: 13, message: 'internal error' };
        expect(statusToWire(new SpirekitError(code, message))).toEqual(expected);
        expect(statusToWire(new Error(message))).toEqual({ code: 13, message: 'internal error' });
      }),
    );
  });

  it('keys and roots of a bundle come back, for the server, the agent and the commands', () => {
    fc.assert(
      fc.property(keys, fc.array(fc.boolean(), { maxLength: 3 }), trustDomains, (given, taints, { name }) => {
        expect(keyAuthoritiesFromWire(given.map(keyAuthorityToWire))).toEqual(given);
        const wire = taints.map((tainted) => ({ asn1: root.der, tainted }));
        expect(x509AuthoritiesFromWire(wire).map(({ tainted }) => tainted)).toEqual(taints);
        const bundle = Bundle.create({
          trustDomain: name,
          x509Authorities: wire,
          jwtAuthorities: given.map(keyAuthorityToWire),
        });
        expect(fromWireBundle(bundle).x509Authorities).toHaveLength(taints.length);
        expect(accepts(() => trustBundleFromWire(bundle))).toBe(true);
        const broken = { ...bundle, x509Authorities: [{ asn1: root.der.subarray(1), tainted: false }] };
        expect([() => fromWireBundle(broken), () => trustBundleFromWire(broken)].map(accepts)).toEqual([false, false]);
      }),
    );
  });

  it('IDs are those of the trust domain, and of their kind', () => {
    fc.assert(
      fc.property(
        spiffeIds,
        fc.constantFrom('', '/spire', '/spire/agent/x', '/spire/server', '/web'),
        fc.boolean(),
        (id, path, isOwn) => {
          const wire = { trustDomain: isOwn ? domain.name : id.trustDomain.name, path };
          const isMember = wire.trustDomain === domain.name && path !== '';
          expect(accepts(() => memberIdFromWire(domain, wire))).toBe(isMember);
          expect(accepts(() => agentIdFromWire(domain, wire))).toBe(isMember && path === '/spire/agent/x');
          expect(accepts(() => workloadIdFromWire(domain, wire))).toBe(isMember && path === '/web');
          expect(accepts(() => parseFederatedTrustDomain(domain, wire.trustDomain, 'bundle'))).toBe(
            wire.trustDomain !== domain.name,
          );
        },
      ),
    );
  });

  it('a requested entry is taken exactly if its ID and its parent are of the trust domain', () => {
    fc.assert(
      fc.property(entries, fc.boolean(), (entry, isOwn) => {
        const wire = entryToWire({ ...entry, hint: '' });
        const trustDomain = isOwn ? domain.name : `x.${domain.name}`;
        const spiffeId = { trustDomain, path: '/web' };
        const parentId = { trustDomain, path: '/spire/agent/a' };
        const fine = { ...wire, spiffeId, parentId, x509SvidTtl: 60, jwtSvidTtl: 60 };
        fc.pre(fine.selectors.length > 0);
        expect(accepts(() => expect(requestedEntryFromWire(domain, fine).entry.spiffeId.path).toBe('/web'))).toBe(
          isOwn,
        );
        expect(accepts(() => requestedEntryFromWire(domain, { ...fine, spiffeId: undefined }))).toBe(false);
      }),
    );
  });
});

describe('filters', () => {
  const match = fc.record({
    selectors: fc.array(selectors, { minLength: 1, maxLength: 3 }),
    match: fc.constantFrom(...MATCHES),
  });

  it('of agents keep what they ask for, and refuse a moment that is none', () => {
    fc.assert(
      fc.property(
        text,
        fc.option(fc.boolean(), { nil: undefined }),
        match,
        text,
        (type, flag, bySelectorMatch, moment) => {
          const wire = ListAgentsRequest_Filter.create({
            byAttestationType: type,
            byBanned: flag,
            byCanReattest: flag,
          });
          const filter = agentFilterFromWire({ ...wire, bySelectorMatch, byExpiresBefore: '' });
          expect(filter).toMatchObject({
            attestationType: type === '' ? undefined : type,
            banned: flag,
            canReattest: flag,
          });
          expect(filter.selectors?.values).toEqual(bySelectorMatch.selectors);
          expect(accepts(() => agentFilterFromWire({ ...wire, byExpiresBefore: moment }))).toBe(moment === '');
          expect(agentFilterFromWire(undefined)).toEqual({});
        },
      ),
    );
  });

  it('of entries keep what they ask for, and refuse IDs of other trust domains', () => {
    fc.assert(
      fc.property(text, trustDomains, match, fc.boolean(), (byHint, { name }, bySelectors, byDownstream) => {
        const wire = ListEntriesRequest_Filter.create({ byHint, bySelectors, byDownstream });
        const own = { trustDomain: domain.name, path: '/web' };
        expect(entryFilterFromWire(domain, { ...wire, bySpiffeId: own, byParentId: own })).toMatchObject({
          hint: byHint,
          downstream: byDownstream ? true : undefined,
          spiffeId: { path: '/web' },
          selectors: { values: bySelectors.selectors },
        });
        fc.pre(name !== domain.name);
        for (const field of ['bySpiffeId', 'byParentId'] as const) {
          expect(
            accepts(() => entryFilterFromWire(domain, { ...wire, [field]: { trustDomain: name, path: '/web' } })),
          ).toBe(false);
        }
      }),
    );
  });
});

function isCode(code: string): code is ErrorCode {
  return code in ERROR_CODES;
}
