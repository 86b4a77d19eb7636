import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signCompactJws } from '../../../src/lib/crypto/jws.ts';
import { privateKeyToPkcs8 } from '../../../src/lib/crypto/key.ts';
import { pemEncode } from '../../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { checkPath, checkSegment, checkTrustDomainName } from '../../../src/lib/spiffe/id-syntax.ts';
import { checkJwtClaims, parseJwtClaims } from '../../../src/lib/spiffe/jwt-claims.ts';
import { parseJwtSvidUnverified } from '../../../src/lib/spiffe/jwt-svid.ts';
import { checkSelector, parseSelector } from '../../../src/lib/spiffe/selector.ts';
import { SpiffeError } from '../../../src/lib/spiffe/spiffe-error.ts';
import { parseX509Svid, parseX509SvidPem } from '../../../src/lib/spiffe/x509-svid.ts';
import { issue, issueCa } from '../crypto/test-ca.ts';
import { spiffeIds } from '../wire/convert/arbitraries.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const NOW = NOW_MS / 1000;
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const likely = fc.string({ unit: fc.constantFrom(...'aZ09._-/%: ~é'), maxLength: 12 });

function accepts(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof SpiffeError) return false;
    throw error;
  }
}

describe('the syntax of SPIFFE IDs', () => {
  it('is that of the grammar, for names, segments and paths', () => {
    fc.assert(
      fc.property(fc.oneof(text, likely), (given) => {
        expect(accepts(() => checkTrustDomainName(given, 'invalid-spiffe-id'))).toBe(/^[a-z0-9._-]+$/.test(given));
        const isSegment = /^(?!\.{1,2}$)[a-zA-Z0-9._-]+$/.test(given);
        expect(accepts(() => checkSegment(given))).toBe(isSegment);
        expect(accepts(() => checkPath(given))).toBe(/^(?:\/(?!\.{1,2}(?:\/|$))[a-zA-Z0-9._-]+)*$/.test(given));
      }),
      { numRuns: 2_000 },
    );
  });

  it('lets names grow to 255 bytes and no further', () => {
    fc.assert(
      fc.property(fc.integer({ min: 250, max: 260 }), (length) => {
        expect(accepts(() => checkTrustDomainName('a'.repeat(length), 'invalid-spiffe-id'))).toBe(length <= 255);
      }),
    );
  });
});

describe('selectors', () => {
  it('are whole exactly if neither part is empty', () => {
    fc.assert(
      fc.property(text, text, (type, value) => {
        fc.pre(!type.includes(':'));
        const selector = parseSelector(`${type}:${value}`);
        expect(selector).toEqual({ type, value });
        expect(accepts(() => checkSelector(selector))).toBe(type !== '' && value !== '');
        expect(accepts(() => checkSelector({ type: `${type}:`, value }))).toBe(false);
      }),
    );
  });
});

const numericDate = fc.integer({ min: NOW - 200, max: NOW + 200 });
const claims = fc.record(
  {
    sub: spiffeIds.map(String),
    aud: fc.oneof(text, fc.array(text, { maxLength: 3 })),
    exp: numericDate,
    nbf: numericDate,
    iat: numericDate,
    extra: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ['sub', 'aud', 'exp'] },
);

describe('the claims of a JWT-SVID', () => {
  it('are read as they were written, and hold within the leeway of a minute', () => {
    fc.assert(
      fc.property(claims, text, (given, audience) => {
        const read = parseJwtClaims(Buffer.from(JSON.stringify(given)));
        const { sub, aud, exp, nbf, iat } = given;
        expect(read).toMatchObject({ expirySeconds: exp, notBeforeSeconds: nbf, issuedAtSeconds: iat });
        expect([read.id.toString(), read.audience]).toEqual([sub, [aud].flat()]);
        const isFine =
          [aud].flat().includes(audience) && exp >= NOW - 60 && (nbf ?? 0) <= NOW + 60 && (iat ?? 0) <= NOW + 60;
        expect(accepts(() => checkJwtClaims(read, [audience], NOW_MS))).toBe(isFine);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused if one of RFC 7519 has another type', () => {
    const name = fc.constantFrom('sub', 'aud', 'exp', 'nbf', 'iat', 'iss', 'jti');
    const odd = fc.oneof(fc.boolean(), fc.constant({}), fc.constant([1]), fc.constant(''));
    fc.assert(
      fc.property(claims, name, odd, (given, claim, value) => {
        const isText = value === '' && ['aud', 'iss', 'jti'].includes(claim);
        const bytes = Buffer.from(JSON.stringify({ ...given, [claim]: value }));
        expect(accepts(() => parseJwtClaims(bytes))).toBe(isText);
      }),
    );
  });

  it('are refused with a code for any other bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => Buffer.from(json)),
        ),
        (bytes) => {
          expect(() => parseJwtClaims(bytes)).toThrow(expect.objectContaining({ code: 'invalid-jwt-svid' }));
        },
      ),
    );
  });

  it('are those of the token around them', async () => {
    const signer = signerFromKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    await fc.assert(
      fc.asyncProperty(claims, async (given) => {
        const audience = [given.aud].flat()[0] ?? '';
        const token = await signCompactJws({ alg: 'ES256', kid: 'k' }, given, signer);
        const isFine = accepts(() =>
          checkJwtClaims(parseJwtClaims(Buffer.from(JSON.stringify(given))), [audience], NOW_MS),
        );
        expect(
          accepts(() => expect(parseJwtSvidUnverified(token, [audience], { nowMs: NOW_MS }).token).toBe(token)),
        ).toBe(isFine);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an X509-SVID', async () => {
  const ca = await issueCa({ uris: ['spiffe://example.org'] });
  const leaf = await issue({ uris: ['spiffe://example.org/web'] }, ca);
  const other = await issue({ uris: ['spiffe://example.org/web'] }, ca);

  it('comes back from its bytes and from PEM in any order, with no other key', () => {
    const pem = [pemEncode('CERTIFICATE', leaf.certificate.der), pemEncode('PRIVATE KEY', privateKeyToPkcs8(leaf.key))];
    fc.assert(
      fc.property(fc.shuffledSubarray(pem, { minLength: 2 }), fc.string(), text, (blocks, words, hint) => {
        fc.pre(!words.includes('-----'));
        const file = blocks.join(`${words}\n`);
        expect(parseX509SvidPem(file, file).id.toString()).toBe('spiffe://example.org/web');
        const der = leaf.certificate.der;
        expect(parseX509Svid(der, privateKeyToPkcs8(leaf.key), hint)).toMatchObject({ hint, certificates: [{ der }] });
        expect(accepts(() => parseX509Svid(der, privateKeyToPkcs8(other.key)))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('is refused as one for any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const invalid = expect.objectContaining({ code: 'invalid-x509-svid' });
        expect(() => parseX509Svid(bytes, privateKeyToPkcs8(leaf.key))).toThrow(invalid);
        expect(() => parseX509Svid(leaf.certificate.der, bytes)).toThrow(invalid);
        expect(() => parseX509SvidPem(bytes, bytes)).toThrow(invalid);
      }),
    );
  });
});
