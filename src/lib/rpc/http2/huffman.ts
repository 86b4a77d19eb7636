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

const SHORTEST = 5;
const LONGEST = 30;

/** The code by length: its first code word, how many there are, and where their symbols begin in the list of all. */
interface CodeTable {
  readonly first: readonly number[];
  readonly count: readonly number[];
  readonly start: readonly number[];
  /** Sorted by length, then by value: the order of a canonical code. */
  readonly symbols: readonly number[];
}

let table: CodeTable | undefined;

/** Made on first use: many answers carry no Huffman string at all. */
function codeTable(): CodeTable {
  if (table !== undefined) return table;
  const lengths = Array.from(CODE_LENGTHS, (letter) => letter.charCodeAt(0) - 0x61 + SHORTEST);
  const count = new Array<number>(LONGEST + 1).fill(0);
  for (const length of lengths) count[length] = (count[length] ?? 0) + 1;
  const first: number[] = [0];
  const start: number[] = [0];
  for (let length = 1; length <= LONGEST; length += 1) {
    const shorter = count[length - 1] ?? 0;
    first.push(((first[length - 1] ?? 0) + shorter) << 1);
    start.push((start[length - 1] ?? 0) + shorter);
  }
  const next = [...start];
  const symbols: number[] = [];
  for (const [symbol, length] of lengths.entries()) {
    const at = next[length] ?? 0;
    symbols[at] = symbol;
    next[length] = at + 1;
  }
  table = { first, count, start, symbols };
  return table;
}

/**
 * Decodes a Huffman-coded string to octets, one character each. Throws {@link Http2Error} COMPRESSION_ERROR for padding
 * that is longer than seven bits or not all ones, and for the end-of-string symbol. RFC 7541, section 5.2.
 */
export function decodeHuffman(bytes: Uint8Array): string {
  const { first, count, start, symbols } = codeTable();
  let text = '';
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = (code << 1) | ((byte >> bit) & 1);
      length += 1;
      const index = code - (first[length] ?? 0);
      if (index < (count[length] ?? 0)) {
        const symbol = symbols[(start[length] ?? 0) + index] ?? END_OF_STRING;
        if (symbol === END_OF_STRING) throw new Http2Error('compression', 'invalid Huffman code');
        text += String.fromCharCode(symbol);
        code = 0;
        length = 0;
      }
    }
  }
  const isAllOnes = code === (1 << length) - 1;
  if (length > 7 || !isAllOnes) throw new Http2Error('compression', 'invalid Huffman padding');
  return text;
}
