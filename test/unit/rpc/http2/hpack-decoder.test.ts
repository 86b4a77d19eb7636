import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHeaders } from '../../../../src/lib/rpc/http2/header-encoder.ts';
import { HpackDecoder } from '../../../../src/lib/rpc/http2/hpack-decoder.ts';
import { Http2Error } from '../../../../src/lib/rpc/http2/http2-error.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const decode = (...blocks: readonly string[]): (readonly (readonly [string, string])[])[] => {
  const decoder = new HpackDecoder();
  return blocks.map((block) => decoder.decode(hex(block)));
};

const FIRST = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const SECOND = [...FIRST, ['cache-control', 'no-cache']];
const THIRD = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  ['custom-key', 'custom-value'],
];

describe('HpackDecoder on the examples of RFC 7541, appendix C', () => {
  it.each([
    ['C.2.1', '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key', 'custom-header']],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path']],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret']],
    ['C.2.4', '82', [':method', 'GET']],
  ])('%s', (_, block, field) => {
    expect(decode(block)).toEqual([[field]]);
  });

  it('C.3, without Huffman', () => {
    expect(
      decode(
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ),
    ).toEqual([FIRST, SECOND, THIRD]);
  });

  it('C.4, with Huffman', () => {
    expect(
      decode(
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ),
    ).toEqual([FIRST, SECOND, THIRD]);
  });
});

describe('HpackDecoder', () => {
  it('reads what our encoder writes', () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (fields) => {
        expect(new HpackDecoder().decode(encodeHeaders(fields))).toEqual(fields);
      }),
    );
  });

  it('lets the oldest entries go when its table is full', () => {
    const decoder = new HpackDecoder();
    const literal = (value: string): Buffer =>
      Buffer.concat([hex('40 01 61 7f'), length(value.length), Buffer.from(value)]);
    for (const letter of ['x', 'y', 'z']) decoder.decode(literal(letter.repeat(1500)));
    expect(decoder.decode(hex('be'))).toEqual([['a', 'z'.repeat(1500)]]);
    expect(decoder.decode(hex('bf'))).toEqual([['a', 'y'.repeat(1500)]]);
    expect(() => decoder.decode(hex('c0'))).toThrow(Http2Error);
  });

  it('empties its table when told to', () => {
    expect(() => decode('4001 6101 62', '20 be')).toThrow('invalid header index');
    expect(decode('4001 6101 62', '20 3f e1 1f 82')).toEqual([[['a', 'b']], [[':method', 'GET']]]);
  });

  it.each([
    ['index 0', '80'],
    ['an index beyond the table', 'be'],
    ['an integer that never ends', 'ff ff ff ff ff ff ff ff'],
    ['a string that is cut off', '40 0a 61'],
    ['a table larger than agreed', '3f e2 1f'],
    ['a change of the table size among fields', '82 20'],
    ['Huffman padding of eight bits', '40 01 61 82 1f ff'],
    ['Huffman padding that is not all ones', '40 01 61 81 18'],
    ['the end-of-string symbol', '40 01 61 84 ff ff ff ff'],
  ])('refuses %s', (_, block) => {
    expect(() => decode(block)).toThrow(Http2Error);
  });

  it('refuses a small block that unfolds into a large list', () => {
    const decoder = new HpackDecoder();
    decoder.decode(Buffer.concat([hex('40 01 61 7f'), length(3000), Buffer.alloc(3000, 0x62)]));
    expect(() => decoder.decode(Buffer.alloc(100, 0xbe))).toThrow('header list too large');
  });

  it('reads or refuses any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new HpackDecoder().decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Http2Error);
        }
      }),
    );
  });
});

/** What follows a length prefix of seven ones: the rest, seven bits a byte. */
function length(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value - 0x7f;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return Buffer.from([...bytes, rest]);
}
