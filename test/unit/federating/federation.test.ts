import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatJoinReport, formatOfferedBundle, joinJson } from '../../../src/lib/cli/pretty/federation-join.ts';
import {
  federationStatusJson,
  federationStatusTable,
  formatFederationRemarks,
  formatFederationStatus,
} from '../../../src/lib/cli/pretty/federation-status.ts';
import { readJoinedBundle, trustDomainOf } from '../../../src/lib/federating/bundle-endpoint.ts';
import { bundleFingerprint, normalFingerprint } from '../../../src/lib/federating/bundle-fingerprint.ts';
import type { FederatedDomainStatus } from '../../../src/lib/federating/federated-domain-status.ts';
import { federationFindings } from '../../../src/lib/federating/federation-findings.ts';
import { type AuthorityBundle, emptyAuthorityBundle } from '../../../src/lib/spiffe/authority-bundle.ts';
import { Bundle, formatBundleDocument } from '../../../src/lib/spiffe/bundle.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { TestAuthority } from '../../support/https-endpoint.ts';

const far = TrustDomain.parse('far.example');
const DAY_MS = 86_400_000;
let root: Uint8Array;
let other: Uint8Array;
let document: Buffer;

beforeAll(async () => {
  const first = (await TestAuthority.make('spiffe://far.example')).certificate;
  root = first.der;
  other = (await TestAuthority.make('spiffe://other.example')).certificate.der;
  const contents = { x509Authorities: [first], jwtAuthorities: new Map(), refreshHint: 60n, sequenceNumber: 3n };
  document = Buffer.from(formatBundleDocument(new Bundle(far, contents)));
});

function bundleOf(...certificates: Uint8Array[]): AuthorityBundle {
  const x509Authorities = certificates.map((certificate) => ({ certificate, tainted: false }));
  return { ...emptyAuthorityBundle(far), x509Authorities, refreshHintSeconds: 60 };
}

function domainOf(more: Partial<FederatedDomainStatus> = {}): Omit<FederatedDomainStatus, 'findings'> {
  return {
    trustDomain: 'far.example',
    url: 'https://far.example/',
    profile: 'https_web',
    endpointId: '',
    isConfigured: false,
    bundle: bundleOf(root),
    lastRootEndsMs: 10 * DAY_MS,
    shortestLifeMs: 2 * DAY_MS,
    isRefreshTold: true,
    lastSuccessMs: undefined,
    problem: '',
    usedBy: 1,
    endpoint: undefined,
    ...more,
  };
}

describe('the fingerprint of a bundle', () => {
  it('is the same whatever the order, the number and the hint, and another for another root', () => {
    const both = bundleFingerprint(bundleOf(root, other));
    expect(bundleFingerprint({ ...bundleOf(other, root), sequenceNumber: 9n, refreshHintSeconds: 1 })).toBe(both);
    expect(bundleFingerprint(bundleOf(root))).not.toBe(both);
  });

  it('tells keys from roots, and keys by their ids', () => {
    const key = (keyId: string) => ({ keyId, publicKey: root, expiresAtSeconds: 0, tainted: false });
    const prints = [
      bundleOf(root),
      { ...bundleOf(), jwtAuthorities: [key('a')] },
      { ...bundleOf(), jwtAuthorities: [key('b')] },
      { ...bundleOf(), jwtAuthorities: [key('a\njwt "b"')] },
    ].map(bundleFingerprint);
    expect(new Set(prints).size).toBe(4);
  });

  it.each(['SHA256:AB:cd', 'sha256=abCD', ' ab cd '])('is read as people write it: %j', (text) => {
    expect(normalFingerprint(text)).toBe('abcd');
  });
});

describe('a fetched bundle', () => {
  it('is of the trust domain that its roots name', () => {
    expect(trustDomainOf(document).name).toBe('far.example');
    expect(() => trustDomainOf(Buffer.from('{"keys":[]}'))).toThrow('give it by --trust-domain');
    expect(() => readJoinedBundle(TrustDomain.parse('other.example'), document)).toThrow('names trust domain');
    expect(readJoinedBundle(far, document).sequenceNumber).toBe(3n);
  });

  it('is refused with a code, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), (bytes) => {
        for (const read of [() => trustDomainOf(bytes), () => readJoinedBundle(far, bytes)]) {
          expect(read).toThrow(
            expect.objectContaining({ code: expect.stringMatching(/^(invalid-bundle|usage|invalid-encoding)$/) }),
          );
        }
      }),
    );
  });
});

describe('what is found of a federated trust domain', () => {
  const codes = (more: Partial<FederatedDomainStatus>) => federationFindings(domainOf(more), 0).map(({ code }) => code);

  it('is nothing where all is well', () => {
    expect(codes({})).toEqual([]);
  });

  it.each<[string, string, () => Partial<FederatedDomainStatus>]>([
    ['no bundle', 'SPK-6101', () => ({ bundle: undefined })],
    ['expired roots', 'SPK-6102', () => ({ lastRootEndsMs: 0 })],
    ['roots that expire soon', 'SPK-6103', () => ({ lastRootEndsMs: 1000 })],
    ['a long refresh hint', 'SPK-6104', () => ({ bundle: { ...bundleOf(root), refreshHintSeconds: 86_400 } })],
    ['no relationship', 'SPK-6105', () => ({ url: undefined })],
    ['a refresh that fails', 'SPK-6106', () => ({ problem: 'no' })],
    ['another bundle at the endpoint', 'SPK-6108', () => ({ endpoint: { bundle: bundleOf(other) } })],
    ['no user', 'SPK-6109', () => ({ usedBy: 0 })],
  ])('is %s', (_, code, more) => {
    expect(codes(more())).toEqual([code]);
  });
});

describe('the texts of federation', () => {
  it('hold no control character, whatever servers say', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, text, fc.double(), (name, url, problem, endsMs) => {
        const domain = domainOf({ trustDomain: name, url, problem, lastRootEndsMs: endsMs });
        const domains = [{ ...domain, findings: federationFindings(domain, 0) }];
        const status = { atMs: 0, trustDomain: name, ownFingerprint: 'ab', domains };
        const wanted = { trustDomain: far, url, profile: 'https_web' as const, endpointId: name };
        const differences = [{ field: 'profile', held: name, wanted: url }];
        const report = { wanted, bundle: bundleOf(root), differences, findings: [], own: bundleOf(other) };
        const key = { keyId: name, publicKey: root, expiresAtSeconds: 0, tainted: false };
        const texts = [
          formatFederationStatus(status),
          formatFederationRemarks(status),
          formatJoinReport({ ...report, result: 'differs' }),
          formatOfferedBundle(wanted, { ...bundleOf(root), jwtAuthorities: [key] }, 0),
        ];
        for (const shown of texts) expect(shown.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        expect(federationStatusTable(status).rows[0]).toHaveLength(federationStatusTable(status).head.length);
        expect(federationStatusJson(status)).toMatchObject({ trust_domains: [{ trust_domain: name }] });
        expect(joinJson({ ...report, result: 'joined' })).toMatchObject({ bundle_endpoint_url: url });
      }),
    );
  });
});
