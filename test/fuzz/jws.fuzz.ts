import { createPublicKey } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { toPlainJson } from '../../src/lib/crypto/json.ts';
import { isJwsSignatureValid, JWS_ALGORITHMS, type Jws, parseCompactJws } from '../../src/lib/crypto/jws.ts';

/** P-256's generator: a key that nobody has signed with. */
const KEY = createPublicKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
    y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
  },
});

/** Any text is refused, or is a token of an allowed algorithm whose header is the same to jose, and signed by nobody. */
export function target(bytes: Uint8Array): void {
  const token = Buffer.from(bytes).toString('utf8');
  let jws: Jws;
  try {
    jws = parseCompactJws(token);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-encoding') return;
    throw error;
  }
  if (!JWS_ALGORITHMS.includes(jws.algorithm)) throw new Error('algorithm');
  const parts = [jws.signingInput, jws.signature].map((part) => Buffer.from(part));
  if (`${parts[0]?.toString('latin1')}.${parts[1]?.toString('base64url')}` !== token) throw new Error('another token');
  if (JSON.stringify(sorted(decodeProtectedHeader(token))) !== JSON.stringify(sorted(toPlainJson(jws.header)))) {
    throw new Error('another header to jose');
  }
  if (isJwsSignatureValid(jws, KEY)) throw new Error('signed by nobody');
}

function sorted(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .map(([name, member]) => [name.toWellFormed(), sorted(member)])
    .sort();
}
