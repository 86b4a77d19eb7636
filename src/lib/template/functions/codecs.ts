import { hash } from 'node:crypto';
import { textOf } from '../values.ts';
import type { EagerFunction } from './function.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Functions of sprig that encode a text or take its digest. */
export const codecFunctions: Readonly<Record<string, EagerFunction>> = {
  sha1sum: (text) => hash('sha1', textOf(text)),
  sha256sum: (text) => hash('sha256', textOf(text)),
  adler32sum: (text) => String(adler32(Buffer.from(textOf(text)))),
  b64enc: (text) => Buffer.from(textOf(text)).toString('base64'),
  b64dec: (text) => Buffer.from(textOf(text), 'base64').toString('utf8'),
  b32enc: (text) => encodeBase32(Buffer.from(textOf(text))),
  b32dec: (text) => decodeBase32(textOf(text)),
};

/** RFC 1950 section 8. */
function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

/** RFC 4648 section 6, padded. */
function encodeBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const text = (bits.match(/.{1,5}/g) ?? []).map((group) => BASE32[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
  return text.padEnd(Math.ceil(text.length / 8) * 8, '=');
}

function decodeBase32(text: string): string {
  const bits = [...text.replace(/=+$/, '')]
    .map((character) => Math.max(0, BASE32.indexOf(character)).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))).toString('utf8');
}
