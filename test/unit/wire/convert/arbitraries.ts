import fc from 'fast-check';
import type { RegistrationEntry } from '../../../../src/lib/spiffe/registration-entry.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);

/** Names that trust domains may have. */
export const trustDomains = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => TrustDomain.parse(labels.join('.')));

const segments = fc.array(fc.stringMatching(/^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,12}$/), { minLength: 1, maxLength: 4 });

/** IDs with a path. */
export const spiffeIds = fc
  .tuple(trustDomains, segments)
  .map(([trustDomain, path]) => SpiffeId.fromSegments(trustDomain, ...path));

/** Selectors that servers accept. */
export const selectors = fc.record({
  type: fc.string({ minLength: 1 }).filter((type) => !type.includes(':')),
  value: fc.string({ minLength: 1 }),
});

/** Whole seconds, also far from now. */
export const seconds = fc.maxSafeInteger();

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** Any entry that the messages can carry. */
export const entries: fc.Arbitrary<RegistrationEntry> = fc.record({
  id: fc.string(),
  spiffeId: spiffeIds,
  parentId: spiffeIds,
  selectors: fc.array(selectors, { maxLength: 4 }),
  x509SvidTtlSeconds: int32,
  jwtSvidTtlSeconds: int32,
  federatesWith: fc.array(trustDomains, { maxLength: 3 }),
  admin: fc.boolean(),
  downstream: fc.boolean(),
  expiresAtSeconds: seconds,
  dnsNames: fc.array(label, { maxLength: 3 }),
  revisionNumber: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  storeSvid: fc.boolean(),
  hint: fc.string({ maxLength: 200 }),
  createdAtSeconds: seconds,
  additionalAttributes: fc.option(
    fc.record({ disableX509SvidPrefetch: fc.boolean(), jwtSvidIncludeJti: fc.boolean() }),
    { nil: undefined },
  ),
});
