import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFederationFields } from '../../../src/lib/cli/federation-fields.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { spiffeIds } from '../wire/convert/arbitraries.ts';

const CODES = ['usage', 'invalid-argument', 'invalid-spiffe-id'];
const text = fc.string({ maxLength: 10 });

describe('the fields of a federation relationship', () => {
  it('make a relationship whose bundle is verified by its trust domain or by that of the endpoint', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), spiffeIds, (trustDomain, url, id) => {
        const fields = { trustDomain, bundleEndpointUrl: url, endpointSpiffeId: id.toString() };
        const web = checkFederationFields({ ...fields, bundleEndpointProfile: 'https_web' });
        expect(web).toMatchObject({
          bundleTrustDomain: trustDomain,
          relationship: { trustDomain, bundleEndpointUrl: url },
        });
        const spiffe = checkFederationFields({ ...fields, bundleEndpointProfile: 'https_spiffe' });
        expect(spiffe.bundleTrustDomain).toBe(id.trustDomain.name);
        expect(spiffe.relationship.bundleEndpointProfile).toEqual({
          $case: 'httpsSpiffe',
          value: { endpointSpiffeId: id.toString() },
        });
      }),
    );
  });

  it('are refused with a code when anything is missing or unknown', () => {
    const profile = fc.oneof(text, fc.constantFrom('https_web', 'https_spiffe'));
    fc.assert(
      fc.property(
        text,
        text,
        profile,
        text,
        (trustDomain, bundleEndpointUrl, bundleEndpointProfile, endpointSpiffeId) => {
          try {
            checkFederationFields({ trustDomain, bundleEndpointUrl, bundleEndpointProfile, endpointSpiffeId });
            expect([trustDomain, bundleEndpointUrl]).not.toContain('');
            expect(bundleEndpointProfile).toBe('https_web');
          } catch (error) {
            if (!(error instanceof SpirekitError)) throw error;
            expect(CODES).toContain(error.code);
          }
        },
      ),
    );
  });
});
