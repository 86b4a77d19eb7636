import { createPublicKey } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { leadsTo, verifyChain } from '../../../src/lib/crypto/chain.ts';
import { derOid } from '../../../src/lib/crypto/der/writer.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { type Issued, issue, issueCa, NOW_MS } from './test-ca.ts';

const root = await issueCa();
const intermediate = await issueCa({}, root);
const leaf = await issue({ uris: ['spiffe://example.org/a'] }, intermediate);

function verify(leafCertificate: Issued, intermediates: readonly Issued[], roots: readonly Issued[], nowMs = NOW_MS) {
  return verifyChain({
    leaf: leafCertificate.certificate,
    intermediates: intermediates.map(({ certificate }) => certificate),
    roots: roots.map(({ certificate }) => certificate),
    nowMs,
  });
}

const names = (chains: readonly (readonly Certificate[])[]): string[] =>
  chains.map((chain) => chain.map(({ subject }) => subject.commonName).join(' < '));

describe('verifyChain', () => {
  it('finds the way to a root, in whatever order the intermediates come', async () => {
    const lower = await issueCa({ subject: Name.of({ commonName: 'lower' }) }, intermediate);
    const deep = await issue({}, lower);
    expect(names(verify(deep, [intermediate, lower], [root]))).toEqual(['test < lower < intermediate < root']);
    expect(names(verify(deep, [lower, root, intermediate], [root]))).toEqual(['test < lower < intermediate < root']);
  });

  it('takes an intermediate as a root if it is one', () => {
    expect(names(verify(leaf, [intermediate], [root, intermediate]))).toEqual([
      'test < intermediate',
      'test < intermediate < root',
    ]);
  });

  it.each([
    ['no roots', [intermediate], []],
    ['no intermediate', [], [root]],
    ['the leaf itself as root', [], [leaf]],
  ])('refuses a leaf with %s', (_, intermediates, roots) => {
    expect(() => verify(leaf, intermediates, roots)).toThrow(
      expect.objectContaining({ code: 'invalid-certificate', message: expect.stringMatching(/unknown authority/) }),
    );
  });

  it('refuses a CA of the right name with another key', async () => {
    const impostor = await issueCa({}, await issueCa());
    expect(() => verify(leaf, [impostor], [root])).toThrow(/signature does not verify/);
  });

  it('#4415: finds the right one of 200 roots with one subject by its key identifier, with one signature check', async () => {
    const roots = await Promise.all(Array.from({ length: 200 }, () => issueCa()));
    const check = vi.spyOn(Certificate.prototype, 'isSignedBy');
    try {
      for (const signing of [roots[0], roots[150], roots[199]]) {
        check.mockClear();
        const own = await issue({}, signing);
        expect(verify(own, [], roots)[0]?.[1]).toBe(signing?.certificate);
        expect(check).toHaveBeenCalledTimes(1);
      }
    } finally {
      check.mockRestore();
    }
  });

  it('gives up after a hundred signature checks where no key identifier tells 200 roots apart', async () => {
    const roots = await Promise.all(Array.from({ length: 200 }, () => issueCa({ subjectKeyId: undefined })));
    const stranger = await issue({}, await issueCa());
    const check = vi.spyOn(Certificate.prototype, 'isSignedBy');
    try {
      expect(() => verify(stranger, [], roots)).toThrow(/unknown authority/);
      expect(check).toHaveBeenCalledTimes(100);
    } finally {
      check.mockRestore();
    }
  });

  it('1.14.2: looks at no signature by an RSA key of more than 8192 bits', async () => {
    // An odd number of 8200 bits, which need not be the product of two primes for this.
    const modulus = Buffer.alloc(1025, 0xff);
    const large = createPublicKey({
      format: 'jwk',
      key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' },
    });
    const giant = await issueCa({ publicKey: large }, root);
    const check = vi.spyOn(Certificate.prototype, 'isSignedBy');
    try {
      const below = await issue({}, { ...giant, signer: root.signer });
      expect(() => verify(below, [giant], [root])).toThrow(/issuer has an RSA key of 8200 bits/);
      expect(check).not.toHaveBeenCalled();
    } finally {
      check.mockRestore();
    }
  });

  it('tries every CA of a name', async () => {
    const impostor = await issueCa({ subjectKeyId: intermediate.certificate.subjectKeyId });
    const twin = {
      ...impostor,
      certificate: (await issueCa({ subject: intermediate.certificate.subject })).certificate,
    };
    expect(names(verify(leaf, [twin, intermediate], [root]))).toEqual(['test < intermediate < root']);
  });

  it('gives up after a bounded number of signatures when hundreds of CAs share a name', async () => {
    const subject = intermediate.certificate.subject;
    const one = await issueCa({ subject });
    const flood = Array.from({ length: 300 }, () => one);
    expect(() => verify(leaf, [], [...flood, root])).toThrow(/unknown authority/);
    expect(() => verify(leaf, [...flood, intermediate], [root])).not.toThrow();
  });

  it('finds its end when CAs have signed each other', async () => {
    const a = await issueCa({ subject: Name.of({ commonName: 'a' }) });
    const b = await issueCa({ subject: Name.of({ commonName: 'b' }) });
    const cross = async (of: Issued, by: Issued): Promise<Issued> =>
      issueCa({ subject: of.certificate.subject, publicKey: of.certificate.publicKey }, by);
    const all = [await cross(a, b), await cross(b, a), a, b];
    const under = await issue({}, a);
    expect(() => verify(under, all, [root])).toThrow(/unknown authority/);
    expect(names(verify(under, all, [b]))).toContain('test < a < b');
  });

  it('refuses an issuer that is no CA, or may not sign', async () => {
    const noCa = await issue({ keyUsages: ['keyCertSign'] }, root);
    const noSign = await issueCa({ keyUsages: ['cRLSign'] }, root);
    expect(() => verify(leaf, [], [leaf])).toThrow();
    const underNoCa = await issue({}, noCa);
    const underNoSign = await issue({}, noSign);
    expect(() => verify(underNoCa, [noCa], [root])).toThrow(/not a CA/);
    expect(() => verify(underNoSign, [noSign], [root])).toThrow(/may not sign/);
    expect(() => verify(underNoSign, [], [noSign])).toThrow(/may not sign/);
  });

  it('counts CAs against path lengths, those of roots included', async () => {
    const short = await issueCa({ pathLength: 0 });
    const middle = await issueCa({}, short);
    const direct = await issue({}, short);
    const below = await issue({}, middle);
    expect(names(verify(direct, [], [short]))).toHaveLength(1);
    expect(() => verify(below, [middle], [short])).toThrow(/path length/);
  });

  it.each([
    ['before the start', -60_001],
    ['after the end', 3_600_001],
  ])('refuses the chain %s', (_, offsetMs) => {
    expect(() => verify(leaf, [intermediate], [root], NOW_MS + offsetMs)).toThrow(/expired|not yet valid/);
  });

  it.each([
    ['not valid for another 50 s', -110_000, /not yet valid: .*, by 50s; does the clock of this machine agree/],
    ['expired a second ago', 3_601_000, /has expired: .*, by 1s; does the clock of this machine agree/],
    ['expired two days ago', 3_600_000 + 2 * 86_400_000, /has expired: .*, by 48h0m0s$/],
  ])('F14: says by how much a chain is %s', (_, offsetMs, message) => {
    expect(() => verify(leaf, [intermediate], [root], NOW_MS + offsetMs)).toThrow(message);
  });

  it.each([
    ['start', -60_000],
    ['end', 3_600_000],
  ])('accepts the chain at its very %s', (_, offsetMs) => {
    expect(() => verify(leaf, [intermediate], [root], NOW_MS + offsetMs)).not.toThrow();
  });

  it.each([
    ['an unknown critical extension', '2.5.29.127', '2.5.29.15', /critical extension/],
    ['policy constraints, critical or not', '2.5.29.36', '2.5.29.14', /policy constraints/],
  ])('refuses a leaf with %s', (_, oid, inPlaceOf, message) => {
    // The signature breaks with it, but is looked at later.
    const der = Buffer.from(leaf.certificate.der);
    const at = der.indexOf(derOid(inPlaceOf));
    const patched = Buffer.concat([der.subarray(0, at), derOid(oid), der.subarray(at + derOid(oid).length)]);
    expect(() => verify({ ...leaf, certificate: Certificate.parse(patched) }, [intermediate], [root])).toThrow(message);
  });

  it('refuses an expired intermediate or root above a leaf that is valid', async () => {
    const expired = { notAfter: new Date(NOW_MS - 1000) };
    const oldIntermediate = await issueCa(expired, root);
    const oldRoot = await issueCa(expired);
    const belowOldIntermediate = await issue({}, oldIntermediate);
    const belowOldRoot = await issue({}, oldRoot);
    expect(() => verify(belowOldIntermediate, [oldIntermediate], [root])).toThrow(/expired/);
    expect(() => verify(belowOldRoot, [], [oldRoot])).toThrow(/expired/);
  });
});

describe('leadsTo', () => {
  const chain = [leaf.certificate, intermediate.certificate];

  it('tells whether a chain ends at one of the roots at that time', async () => {
    const other = await issueCa();
    expect(leadsTo(chain, [other.certificate, root.certificate], NOW_MS)).toBe(true);
    expect(leadsTo(chain, [other.certificate], NOW_MS)).toBe(false);
    expect(leadsTo(chain, [root.certificate], leaf.certificate.notAfterMs + 1)).toBe(false);
  });

  it('is false of a chain that is not whole, and of none', () => {
    expect(leadsTo(chain.slice(0, 1), [root.certificate], NOW_MS)).toBe(false);
    expect(leadsTo([], [root.certificate], NOW_MS)).toBe(false);
  });
});
