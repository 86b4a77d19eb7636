import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateKey, isSamePublicKey, type KeyType, publicKeyDer } from '../../../../src/lib/crypto/key.ts';
import { pemEncode } from '../../../../src/lib/crypto/pem.ts';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { parseSignedIntermediate } from '../../../../src/lib/server/vault/pki-engine.ts';
import { parseTransitKey, parseTransitSignature } from '../../../../src/lib/server/vault/transit-engine.ts';
import {
  parseAnswer,
  parseLogin,
  parseReasons,
  parseTokenLookup,
} from '../../../../src/lib/server/vault/vault-answer.ts';
import { encodePath } from '../../../../src/lib/server/vault/vault-path.ts';
import { certificatesPem, makeCa } from '../plugin/upstreamauthority/certificate-tree.ts';

const unavailable = expect.objectContaining({ code: 'unavailable' });

describe('an answer of Vault', () => {
  test('is the object in it, or refused without a word of it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          expect(parseAnswer(text)).toEqual(text.trim() === '' ? {} : JSON.parse(text));
        } catch (error) {
          expect(error).toEqual(unavailable);
          if (text.trim().length > 8) expect(String(error)).not.toContain(text);
        }
      }),
    );
    for (const text of ['[]', 'null', '1', '"x"', '<html>']) expect(() => parseAnswer(text)).toThrow(unavailable);
  });

  test('gives its reasons as one short line', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { maxLength: 5 }), (errors) => {
        const reasons = parseReasons(JSON.stringify({ errors }));
        expect(reasons.length).toBeLessThanOrEqual(300);
        expect(reasons).not.toMatch(/[\p{Cc}]/u);
      }),
    );
    expect(parseReasons('{"errors":["1 error occurred:\\n\\t* invalid request\\n\\n","x"]}')).toBe(
      '1 error occurred: * invalid request ; x',
    );
    for (const text of ['', 'no JSON', '{"errors":5}', '{"errors":[5]}']) expect(parseReasons(text)).toBe('');
  });

  test('holds a token and its lease, or is refused', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), fc.boolean(), (token, leaseSeconds, isRenewable) => {
        const auth = { client_token: token, lease_duration: leaseSeconds, renewable: isRenewable };
        expect(parseLogin({ auth })).toEqual({ token, leaseSeconds, isRenewable });
        expect(parseTokenLookup({ data: { ttl: leaseSeconds, renewable: isRenewable } })).toEqual({
          leaseSeconds,
          isRenewable,
        });
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('auth', 'data', 'x'), fc.jsonValue()), (answer) => {
        const usable = parseAnswer(JSON.stringify(answer));
        for (const parse of [parseLogin, parseTokenLookup]) {
          try {
            expect(parse(usable).leaseSeconds).toBeGreaterThanOrEqual(0);
          } catch (error) {
            expect(error).toBeInstanceOf(SpirekitError);
          }
        }
      }),
    );
    expect(() => parseLogin({ auth: { client_token: 'x', lease_duration: -1 } })).toThrow(unavailable);
  });
});

describe('a key in an answer', () => {
  test('is that of the newest version, of any kind that is made here', async () => {
    const types: KeyType[] = ['ec-p256', 'ec-p384', 'rsa-2048'];
    const keys = await Promise.all(types.map((type) => generateKey(type)));
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        fc.integer({ min: 1, max: 99 }),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
        fc.nat({ max: 999_999 }),
        (key, version, created, nanoseconds) => {
          const entry = {
            public_key: pemEncode('PUBLIC KEY', publicKeyDer(key)),
            creation_time: created.toISOString().replace('Z', `${String(nanoseconds).padStart(6, '0')}Z`),
          };
          const parsed = parseTransitKey('n', { data: { latest_version: version, keys: { 0: {}, [version]: entry } } });
          const createdAtNs = BigInt(created.getTime()) * 1_000_000n + BigInt(nanoseconds);
          expect(parsed).toMatchObject({ name: 'n', version, createdAtNs });
          expect(isSamePublicKey(parsed.publicKey, key)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('is refused where something is missing or unreadable', () => {
    const good = { public_key: 'x', creation_time: '2026-11-27T18:57:44.879470657Z' };
    for (const data of [
      {},
      { latest_version: 1, keys: {} },
      { latest_version: 2, keys: { 1: good } },
      { latest_version: 1, keys: { 1: good } },
      { latest_version: '1', keys: { 1: good } },
      { latest_version: 1, keys: { 1: { ...good, creation_time: 'yesterday' } } },
    ]) {
      expect(() => parseTransitKey('n', { data })).toThrow(unavailable);
    }
  });
});

test('a signature is what stands behind its version', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.integer({ min: 1, max: 1000 }), (bytes, version) => {
      const signature = `vault:v${version}:${Buffer.from(bytes).toString('base64')}`;
      expect(Buffer.compare(parseTransitSignature({ data: { signature } }), bytes)).toBe(0);
    }),
  );
  for (const signature of ['', 'vault:v1:', 'vault:v0:AAAA', 'vault:v1:A', 'v1:AAAA', 'vault:v1:AAAA ', 5]) {
    expect(() => parseTransitSignature({ data: { signature } })).toThrow(unavailable);
  }
});

test('the answer to signing a CA holds it, those between, and the root', async () => {
  const nowMs = Date.now();
  const root = await makeCa('root', { nowMs });
  const middle = await makeCa('middle', { nowMs, above: root });
  const signed = await makeCa('signed', { nowMs, above: middle });
  const [rootPem, middlePem, signedPem] = [root, middle, signed].map((ca) => certificatesPem(ca));
  const answers = [
    { data: { certificate: signedPem, issuing_ca: middlePem, ca_chain: [middlePem, rootPem] } },
    { data: { certificate: signedPem, issuing_ca: middlePem, ca_chain: [signedPem, middlePem, rootPem] } },
  ];
  fc.assert(
    fc.property(fc.constantFrom(...answers), (answer) => {
      const { chain, root: top } = parseSignedIntermediate(answer);
      expect(chain.map(({ der }) => der)).toEqual([signed.certificate.der, middle.certificate.der]);
      expect(top.der).toEqual(root.certificate.der);
    }),
  );
  const alone = parseSignedIntermediate({ data: { certificate: middlePem, issuing_ca: rootPem } });
  expect(alone.chain).toHaveLength(1);
  expect(alone.root.der).toEqual(root.certificate.der);
  for (const data of [{}, { certificate: 'x', issuing_ca: rootPem }, { certificate: signedPem, ca_chain: ['x'] }]) {
    expect(() => parseSignedIntermediate({ data })).toThrow(unavailable);
  }
});

test('a path keeps its parts apart, whatever is in them', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (parts) => {
      const clean = parts.map((part) => part.replaceAll('/', ''));
      const path = encodePath(clean.join('/'));
      expect(
        path
          .split('/')
          .filter((part) => part !== '')
          .map(decodeURIComponent),
      ).toEqual(clean.filter((part) => part !== ''));
      expect(path).not.toMatch(/[?# ]/);
    }),
  );
  expect(encodePath('/a b/c/')).toBe('a%20b/c');
});
