import { Http2Error } from './http2-error.ts';

/**
 * The code length of each octet and of the end-of-string symbol, one letter each, `a` standing for 5 bits. The code is
 * canonical, so the lengths say it all. RFC 7541, appendix B.
 */
const CODE_LENGTHS =
  'isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfibcccccccccccccccccccc' +
  'ccdcdioijbkabababbbaccbbbabcbaabccccckgjixprpprrrsrssssststtrstssssqrsrsstrqprrssqsrrt' +
  'qrssqqrqsrssprrrsrrsvvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwvz';

const END_OF_STRING = 256;

/** A node of the code tree: its two branches, or the symbol of a leaf. */
type Branch = [zero: Branch | number | undefined, one: Branch | number | undefined];

let tree: Branch | undefined;

/** Built on first use: many answers carry no Huffman string at all. */
function codeTree(): Branch {
  if (tree !== undefined) return tree;
  const root: Branch = [undefined, undefined];
  const lengths = Array.from(CODE_LENGTHS, (letter) => letter.charCodeAt(0) - 0x61 + 5);
  const symbols = lengths
    .map((_, symbol) => symbol)
    .sort((a, b) => lengthOf(lengths, a) - lengthOf(lengths, b) || a - b);
  let code = 0;
  let previous = 5;
  for (const symbol of symbols) {
    const length = lengthOf(lengths, symbol);
    code <<= length - previous;
    previous = length;
    addLeaf(root, code, length, symbol);
    code += 1;
  }
  tree = root;
  return root;
}

function lengthOf(lengths: readonly number[], symbol: number): number {
  return lengths[symbol] ?? 0;
}

function addLeaf(root: Branch, code: number, length: number, symbol: number): void {
  let node = root;
  for (let bit = length - 1; bit > 0; bit -= 1) {
    const side = (code >> bit) & 1;
    const next = node[side];
    if (Array.isArray(next)) {
      node = next;
    } else {
      const made: Branch = [undefined, undefined];
      node[side] = made;
      node = made;
    }
  }
  node[code & 1] = symbol;
}

/**
 * Decodes a Huffman-coded string to octets, one character each. Throws {@link Http2Error} COMPRESSION_ERROR for padding
 * that is longer than seven bits or not all ones, and for the end-of-string symbol. RFC 7541, section 5.2.
 */
export function decodeHuffman(bytes: Uint8Array): string {
  const root = codeTree();
  let node = root;
  let text = '';
  let depth = 0;
  let allOnes = true;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const side = (byte >> bit) & 1;
      depth += 1;
      allOnes &&= side === 1;
      const next = node[side];
      if (Array.isArray(next)) {
        node = next;
        continue;
      }
      if (next === undefined || next === END_OF_STRING) throw new Http2Error('compression', 'invalid Huffman code');
      text += String.fromCharCode(next);
      node = root;
      depth = 0;
      allOnes = true;
    }
  }
  if (depth > 7 || !allOnes) throw new Http2Error('compression', 'invalid Huffman padding');
  return text;
}
