import { describe, expect, it } from 'vitest';
import { decodeUtf8 } from '../../../../src/lib/config/hcl/decode-utf8.ts';

describe('the bytes of a configuration file', () => {
  it('are read as UTF-8', () => {
    expect(decodeUtf8(new TextEncoder().encode('é \ufffd 😀'))).toBe('é \ufffd 😀');
  });

  it('keep a byte order mark, which the parser then refuses', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  it.each([
    [[0x61, 0xff], 1, 2],
    [[0xc3, 0xa9, 0x0a, 0xf0, 0x9f, 0x98, 0x80, 0xc3], 2, 2],
    [[0xef, 0xbf, 0xbd, 0x0a, 0x0a, 0x80], 3, 1],
    [[0xed, 0xa0, 0x80], 1, 1],
  ])('are refused where %j stops being UTF-8', (bytes, line, column) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'invalid-config', position: { line, column } }),
    );
  });
});
