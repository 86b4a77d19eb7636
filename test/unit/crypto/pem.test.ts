import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pemDecodeAll, pemEncode } from '../../../src/lib/crypto/pem.ts';

const block = pemEncode('CERTIFICATE', Uint8Array.of(1, 2, 3));

describe('PEM', () => {
  it('reads back what it wrote, however many blocks there are', () => {
    const label = fc.constantFrom('CERTIFICATE', 'PRIVATE KEY', 'X');
    fc.assert(
      fc.property(fc.array(fc.record({ label, der: fc.uint8Array({ maxLength: 200 }) })), (blocks) => {
        const text = blocks.map((one) => pemEncode(one.label, one.der)).join('');
        expect(pemDecodeAll(text)).toEqual(blocks.map((one) => ({ label: one.label, der: Buffer.from(one.der) })));
      }),
    );
  });

  it('reads megabytes of blanks before a line ends, which would take an hour if each were looked at again', () => {
    expect(pemDecodeAll(`${' '.repeat(4_000_000)}x\n${block}`)).toHaveLength(1);
  });

  it('writes lines of 64 columns', () => {
    const lines = pemEncode('X', new Uint8Array(100)).split('\n');
    expect(lines.map((line) => line.length)).toEqual([17, 64, 64, 8, 15, 0]);
  });

  it.each([
    ['text around it', `subject=x\n${block}trailer`],
    ['Windows line ends', block.replaceAll('\n', '\r\n')],
    ['spaces at line ends', block.replaceAll('\n', ' \t\n')],
    ['no newline at the end', block.trimEnd()],
    ['headers', block.replace('-----\n', '-----\nProc-Type: 4\nX: y\n\n')],
  ])('reads a block with %s', (_, text) => {
    expect(pemDecodeAll(text)).toEqual([{ label: 'CERTIFICATE', der: Buffer.from([1, 2, 3]) }]);
  });

  it('reads bytes as well as text', () => {
    expect(pemDecodeAll(Buffer.from(block))).toHaveLength(1);
  });

  it.each([
    ['a byte order mark in front', `\ufeff${block}`],
    ['an indented begin', ` ${block}`],
    ['no block', 'hello'],
  ])('finds nothing in a text with %s', (_, text) => {
    expect(pemDecodeAll(text)).toEqual([]);
  });

  it.each([
    ['without an end', block.split('\n').slice(0, 2).join('\n')],
    ['that ends as another', block.replace('END CERTIFICATE', 'END KEY')],
    ['begun within another', `-----BEGIN X-----\n${block}`],
    ['with a foreign character', block.replace('AQID', 'AQ!D')],
    ['with the wrong padding', block.replace('AQID', 'AQI')],
  ])('refuses a block %s', (_, text) => {
    expect(() => pemDecodeAll(text)).toThrow(/PEM block/);
  });
});
