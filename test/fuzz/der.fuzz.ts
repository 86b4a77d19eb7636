import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { DerReader } from '../../src/lib/crypto/der/reader.ts';
import { derInteger, derOid, derValue } from '../../src/lib/crypto/der/writer.ts';

const CONSTRUCTED = 0x20;

/** Any bytes are refused, or are the one DER encoding of what is in them, at every depth. */
export function target(bytes: Uint8Array): void {
  const open = [bytes];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const reader = new DerReader(next);
    try {
      while (!reader.isAtEnd) {
        const tag = reader.peekTag() ?? 0;
        const element = reader.readElement(tag);
        const { contents } = new DerReader(element).readAny();
        same(element, derValue(tag, contents));
        if ((tag & CONSTRUCTED) !== 0) open.push(contents);
        else checkPrimitive(element);
      }
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
    }
  }
}

function checkPrimitive(element: Uint8Array): void {
  const read = new DerReader(element);
  if (read.peekTag() === 0x02) same(element, derInteger(read.readInteger()));
  if (read.peekTag() === 0x06) same(element, derOid(read.readOid()));
}

function same(a: Uint8Array, b: Uint8Array): void {
  if (Buffer.compare(a, b) !== 0) throw new Error(`another encoding: ${Buffer.from(b).toString('hex')}`);
}
