import { hash } from 'node:crypto';

/** What the octets are for (RFC 7292 appendix B.3). */
export const KdfPurpose = { key: 1, iv: 2, mac: 3 } as const;

/** Both hashes here work on blocks of so many octets. */
const BLOCK = 64;

/** What octets are derived from. */
export interface KdfInput {
  readonly hash: 'sha1' | 'sha256';
  readonly purpose: (typeof KdfPurpose)[keyof typeof KdfPurpose];
  readonly password: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** The key derivation that PKCS#12 has of its own (RFC 7292 appendix B.2). */
export function pkcs12Kdf(input: KdfInput, length: number): Buffer {
  const password = bmpString(`${input.password}\0`);
  const diversifier = Buffer.alloc(BLOCK, input.purpose);
  const blocks = Buffer.concat([filled(input.salt), filled(password)]);
  const derived: Buffer[] = [];
  for (let have = 0; have < length; ) {
    let digest = hash(input.hash, Buffer.concat([diversifier, blocks]), 'buffer');
    for (let round = 1; round < input.iterations; round += 1) digest = hash(input.hash, digest, 'buffer');
    derived.push(digest);
    have += digest.length;
    for (let at = 0; at < blocks.length; at += BLOCK) addOnePlus(blocks.subarray(at, at + BLOCK), digest);
  }
  return Buffer.concat(derived).subarray(0, length);
}

/** Two octets a character, the higher first. */
export function bmpString(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

/** Repeated to whole blocks; nothing stays nothing. */
function filled(octets: Uint8Array): Buffer {
  return Buffer.alloc(Math.ceil(octets.length / BLOCK) * BLOCK, octets);
}

/** The block, taken as a number, plus the repeated digest plus 1, without what does not fit. */
function addOnePlus(block: Buffer, digest: Buffer): void {
  const addend = Buffer.alloc(BLOCK, digest);
  let carry = 1;
  for (let at = BLOCK - 1; at >= 0; at -= 1) {
    carry += block.readUInt8(at) + addend.readUInt8(at);
    block[at] = carry & 0xff;
    carry >>= 8;
  }
}
