import { describe, expect, it } from 'vitest';
import type { AttestedNode } from '../../../../src/lib/spiffe/attested-node.ts';
import type { RegistrationEntry } from '../../../../src/lib/spiffe/registration-entry.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { agentToWire } from '../../../../src/lib/wire/convert/agent.ts';
import { bundleToWire } from '../../../../src/lib/wire/convert/bundle.ts';
import { entryToWire } from '../../../../src/lib/wire/convert/entry.ts';
import { ALL_AGENT_FIELDS, ALL_BUNDLE_FIELDS, ALL_ENTRY_FIELDS } from '../../../../src/lib/wire/convert/masks.ts';

const selectors = [{ type: 'unix', value: 'uid:1' }];

/** Every field has a value that no other field has, and none its default. */
const entry = (truths: { admin: boolean; downstream: boolean; storeSvid: boolean }): RegistrationEntry => ({
  id: 'id',
  spiffeId: SpiffeId.parse('spiffe://example.org/a'),
  parentId: SpiffeId.parse('spiffe://example.org/b'),
  selectors,
  x509SvidTtlSeconds: 1,
  jwtSvidTtlSeconds: 2,
  federatesWith: [TrustDomain.parse('partner.example')],
  ...truths,
  expiresAtSeconds: 3,
  dnsNames: ['web'],
  revisionNumber: 4n,
  hint: 'hint',
  createdAtSeconds: 5,
});

const node: AttestedNode = {
  spiffeId: SpiffeId.parse('spiffe://example.org/spire/agent/x'),
  attestationType: 'join_token',
  serialNumber: '6',
  expiresAtSeconds: 7,
  newSerialNumber: '8',
  newExpiresAtSeconds: 9,
  canReattest: true,
  agentVersion: 'version',
  selectors,
};

const keys = (name: string) => [
  { keyId: name, publicKey: new TextEncoder().encode(name), expiresAtSeconds: 10, tainted: false },
];
const bundle = {
  trustDomain: TrustDomain.parse('example.org'),
  x509Authorities: [{ certificate: Uint8Array.of(1), tainted: false }],
  jwtAuthorities: keys('jwt'),
  witAuthorities: keys('wit'),
  refreshHintSeconds: 11,
  sequenceNumber: 12n,
};

/** All masks over these fields. */
function* masksOver<M extends object>(all: M): Generator<M> {
  const names = Object.keys(all);
  for (let bits = 0; bits < 2 ** names.length; bits += 1) {
    yield Object.assign({}, all, Object.fromEntries(names.map((name, bit) => [name, ((bits >> bit) & 1) === 1])));
  }
}

/** What a mask leaves of a message: its own fields and those that the empty mask leaves, nothing in another's place. */
function expectMasked<M extends object>(all: M, convert: (mask?: M) => object): number {
  const whole = convert();
  const names = Object.keys(all);
  const none = convert(Object.assign({}, all, Object.fromEntries(names.map((name) => [name, false]))));
  let count = 0;
  for (const mask of masksOver(all)) {
    const got = convert(mask);
    count += 1;
    const wrong = Object.keys(whole).filter((name) => {
      const expected = Reflect.get(Reflect.get(mask, name) === true ? whole : none, name);
      return !isEqual(Reflect.get(got, name), expected);
    });
    if (wrong.length > 0) expect(wrong, JSON.stringify(mask)).toEqual([]);
  }
  return count;
}

function isEqual(a: unknown, b: unknown): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)) ?? '';
  return text(a) === text(b);
}

describe('1.14.3: each of all 2^n masks leaves exactly its fields', () => {
  it.each([
    { admin: true, downstream: false, storeSvid: false },
    { admin: false, downstream: true, storeSvid: false },
    { admin: false, downstream: false, storeSvid: true },
  ])('of an entry with %j', (truths) => {
    expect(expectMasked(ALL_ENTRY_FIELDS, (mask) => entryToWire(entry(truths), mask))).toBe(2 ** 15);
  });

  it('of an agent', () => {
    expect(expectMasked(ALL_AGENT_FIELDS, (mask) => agentToWire(node, mask))).toBe(2 ** 7);
  });

  it('of a bundle', () => {
    expect(expectMasked(ALL_BUNDLE_FIELDS, (mask) => bundleToWire(bundle, mask))).toBe(2 ** 5);
  });
});
