import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { type PemBlock, pemDecodeAll, pemEncode } from '../../src/lib/crypto/pem.ts';

/** Any bytes are refused, or give blocks that are read back from what is written of them. */
export function target(bytes: Uint8Array): void {
  let blocks: PemBlock[];
  try {
    blocks = pemDecodeAll(bytes);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-encoding') return;
    throw error;
  }
  const again = pemDecodeAll(blocks.map(({ label, der }) => pemEncode(label, der)).join(''));
  const isSame = (block: PemBlock, index: number): boolean =>
    block.label === again[index]?.label && Buffer.compare(block.der, again[index].der) === 0;
  if (again.length !== blocks.length || !blocks.every(isSame)) throw new Error('blocks changed by being written');
}
