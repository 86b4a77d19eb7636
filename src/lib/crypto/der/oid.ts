import { CryptoError } from '../crypto-error.ts';

/** Longest encoding of an object identifier that is read; the longest in use have about 20 octets. */
const MAX_OID_OCTETS = 64;

/** Reads the contents octets of an object identifier into dotted form (X.690 section 8.19). */
export function decodeOid(contents: Uint8Array): string {
  if (contents.length === 0 || contents.length > MAX_OID_OCTETS) throw malformed('length');
  let text = '';
  let arc = 0;
  let isArcStart = true;
  for (const octet of contents) {
    if (isArcStart && octet === 0x80) throw malformed('padded arc');
    if (arc > 0xffffffffff) throw malformed('arc out of range');
    arc = arc * 128 + (octet & 0x7f);
    isArcStart = octet < 0x80;
    if (!isArcStart) continue;
    if (text === '') {
      const root = Math.min(Math.floor(arc / 40), 2);
      text = `${root}.${arc - root * 40}`;
    } else {
      text += `.${arc}`;
    }
    arc = 0;
  }
  if (!isArcStart) throw malformed('cut short');
  return text;
}

/** Writes the contents octets of a dotted object identifier. */
export function encodeOid(dotted: string): Uint8Array {
  if (!/^[0-2](\.(0|[1-9][0-9]{0,14}))+$/.test(dotted)) throw malformed(`"${dotted}"`);
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  if (root < 2 && second >= 40) throw malformed(`"${dotted}"`);
  const octets: number[] = [];
  for (const arc of [root * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128));
    octets.push(...groups);
  }
  return Uint8Array.from(octets);
}

function malformed(what: string): CryptoError {
  return new CryptoError('invalid-encoding', `malformed object identifier: ${what}`);
}
