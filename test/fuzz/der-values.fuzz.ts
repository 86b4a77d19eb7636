import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { decodeOid, encodeOid } from '../../src/lib/crypto/der/oid.ts';
import { decodeIa5, decodeString, encodeDirectoryString } from '../../src/lib/crypto/der/strings.ts';
import { decodeTime, encodeTime } from '../../src/lib/crypto/der/time.ts';

/** The contents of a value (the first byte is its tag) are refused as malformed, or mean the same after being written. */
export function target(bytes: Uint8Array): void {
  const tag = bytes[0] ?? 0;
  const contents = bytes.subarray(1);
  read(() => {
    const ms = decodeTime(tag, Buffer.from(contents).toString('latin1'));
    const again = encodeTime(ms);
    if (decodeTime(again.tag, again.text) !== ms) throw new Error('a time changed by being written');
  });
  read(() => {
    const text = decodeString(tag, contents);
    const again = encodeDirectoryString(text);
    if (decodeString(again.tag, again.contents) !== text) throw new Error('a string changed by being written');
  });
  read(() => {
    if (/[^\0-\x7f]/.test(decodeIa5(contents))) throw new Error('not ASCII');
  });
  read(() => {
    const oid = decodeOid(contents);
    if (!/^[0-2](?:\.(?:0|[1-9][0-9]*))+$/.test(oid)) throw new Error(`not an identifier: ${oid}`);
    if (Buffer.compare(encodeOid(oid), contents) !== 0) throw new Error('an identifier of two encodings');
  });
}

function read(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof CryptoError) || error.code !== 'invalid-encoding') throw error;
  }
}
