import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFederationData } from '../../../src/lib/cli/federation-data.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';

/** A document with one JWT authority; the key is the one of RFC 7517 appendix A.1. */
const DOCUMENT = {
  keys: [
    {
      use: 'jwt-svid',
      kty: 'EC',
      kid: 'k1',
      crv: 'P-256',
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    },
  ],
  spiffe_sequence: 3,
};

const WEB = {
  trustDomain: 'far.example',
  bundleEndpointURL: 'https://far.example/bundle',
  bundleEndpointProfile: 'https_web',
};
const SPIFFE = { ...WEB, bundleEndpointProfile: 'https_spiffe', endpointSPIFFEID: 'spiffe://other.example/server' };

const parse = (text: string) => parseFederationData(Buffer.from(text));
const file = (...relationships: unknown[]) => JSON.stringify({ federationRelationships: relationships });

describe('parseFederationData', () => {
  it('reads relationships of both profiles in their order', () => {
    expect(parse(file(WEB, SPIFFE))).toEqual([
      {
        trustDomain: 'far.example',
        bundleEndpointUrl: 'https://far.example/bundle',
        bundleEndpointProfile: { $case: 'httpsWeb', value: {} },
        trustDomainBundle: undefined,
      },
      {
        trustDomain: 'far.example',
        bundleEndpointUrl: 'https://far.example/bundle',
        bundleEndpointProfile: {
          $case: 'httpsSpiffe',
          value: { endpointSpiffeId: 'spiffe://other.example/server' },
        },
        trustDomainBundle: undefined,
      },
    ]);
  });

  it.each(['{}', 'null', '{"federationRelationships": null}', '{"x": 1}'])('reads no relationship from %s', (text) => {
    expect(parse(text)).toEqual([]);
  });

  it('gives a bundle to the trust domain whose SVID the endpoint has', () => {
    const bundle = { trustDomainBundle: DOCUMENT, trustDomainBundleFormat: 'spiffe' };
    const bundles = parse(file({ ...WEB, ...bundle }, { ...SPIFFE, ...bundle })).map((item) => item.trustDomainBundle);
    expect(bundles.map((item) => item?.trustDomain)).toEqual(['far.example', 'other.example']);
    expect(bundles[0]).toMatchObject({ sequenceNumber: 3n, jwtAuthorities: [{ keyId: 'k1' }] });
  });

  it.each([
    ['', 'failed to parse JSON: unexpected end of JSON input'],
    [
      '[]',
      'failed to parse JSON: json: cannot unmarshal array into Go value of type federation.federationRelationships',
    ],
    [
      '{"federationRelationships": {}}',
      'failed to parse JSON: json: cannot unmarshal object into Go struct field federationRelationships.federationRelationships of type []*federation.federationRelationshipConfig',
    ],
    [
      file(5),
      'failed to parse JSON: json: cannot unmarshal number into Go struct field federationRelationships.federationRelationships of type federation.federationRelationshipConfig',
    ],
    [
      file({ trustDomain: ['a'], bundleEndpointURL: 5 }),
      'failed to parse JSON: json: cannot unmarshal array into Go struct field federationRelationshipConfig.federationRelationships.trustDomain of type string',
    ],
    [file(WEB, {}), 'could not parse item 1: trust domain is required'],
    [file({ trustdomain: 'a' }), 'could not parse item 0: bundle endpoint URL is required'],
    [
      file({ ...WEB, bundleEndpointProfile: 'web' }),
      'could not parse item 0: unknown bundle endpoint profile type: "web"',
    ],
    [
      file({ ...SPIFFE, endpointSPIFFEID: '' }),
      "could not parse item 0: endpoint SPIFFE ID is required if 'https_spiffe' endpoint profile is set",
    ],
    [
      file({ ...SPIFFE, endpointSPIFFEID: 'x' }),
      'could not parse item 0: cannot parse bundle endpoint SPIFFE ID: scheme is missing or invalid',
    ],
    [
      file({ ...WEB, trustDomainBundle: DOCUMENT }),
      'could not parse item 0: cannot parse bundle raw message: bundle format "" is unsupported',
    ],
    [
      file({ ...WEB, trustDomainBundle: {}, trustDomainBundleFormat: 'pem' }),
      'could not parse item 0: cannot parse bundle raw message: failed to unmarshal json: json: cannot unmarshal object into Go value of type string',
    ],
    [
      file({ ...WEB, trustDomainBundle: null, trustDomainBundleFormat: 'pem' }),
      'could not parse item 0: cannot parse bundle raw message: unable to parse bundle data: no PEM blocks',
    ],
    [
      file({ ...WEB, trustDomainBundle: {}, trustDomainBundleFormat: 'spiffe' }),
      'could not parse item 0: cannot parse bundle raw message: unable to parse to spiffe bundle: spiffebundle: no authorities found',
    ],
  ])('refuses %s in the words of SPIRE', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ message }));
  });

  it('refuses null where a relationship should be, on which the CLI of SPIRE crashes', () => {
    expect(() => parse(file(null))).toThrow('could not parse item 0: missing federation relationship');
  });

  it('gives back the texts of any relationship', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 }).map((value) => value.toWellFormed());
    fc.assert(
      fc.property(fc.array(fc.record({ trustDomain: text, bundleEndpointURL: text })), (items) => {
        const relationships = parse(file(...items.map((item) => ({ ...WEB, ...item }))));
        expect(relationships.map(({ trustDomain, bundleEndpointUrl }) => [trustDomain, bundleEndpointUrl])).toEqual(
          items.map(({ trustDomain, bundleEndpointURL }) => [trustDomain, bundleEndpointURL]),
        );
      }),
    );
  });

  it('fails on other JSON only with a code', () => {
    const field = fc.constantFrom(...Object.keys(SPIFFE), 'trustDomainBundle', 'trustDomainBundleFormat');
    const value = fc.oneof(fc.constantFrom(...Object.values(SPIFFE), 'pem', 'spiffe', DOCUMENT), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(fc.dictionary(field, value)), (items) => {
        try {
          expect(parse(file(...items))).toHaveLength(items.length);
        } catch (error) {
          expect(error).toBeInstanceOf(SpirekitError);
        }
      }),
    );
  });
});
