import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatServerAddress, parseServerAddress } from '../../../src/lib/cli/server-address.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';

describe('the address of a server', () => {
  it('is read with and without a port', () => {
    expect(parseServerAddress('spire.example.org')).toEqual({ host: 'spire.example.org', port: 8081 });
    expect(parseServerAddress('127.0.0.1:443')).toEqual({ host: '127.0.0.1', port: 443 });
    expect(parseServerAddress('[::1]')).toEqual({ host: '::1', port: 8081 });
    expect(parseServerAddress('[fd00::7]:65535')).toEqual({ host: 'fd00::7', port: 65_535 });
  });

  it.each([
    '',
    ':8081',
    'host:',
    'host:0',
    'host:65536',
    'host:8081:1',
    '::1',
    '[::1',
    'https://host',
    'a b',
    'h/x',
    '[]:1',
  ])('is not %j', (text) => {
    expect(() => parseServerAddress(text)).toThrow(/is no address of a server/);
  });

  it('is read as it was written', () => {
    const hosts = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((host) => host.includes(':')),
      fc.domain(),
    );
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseServerAddress(formatServerAddress({ host, port }))).toEqual({ host, port });
      }),
    );
  });

  it('is refused with a code, or written back as it is', () => {
    const pieces = fc.constantFrom('a', '.', ':', '[', ']', '8', '0', '-', '_', '/', ' ');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: pieces })), (text) => {
        try {
          const address = parseServerAddress(text);
          expect(parseServerAddress(formatServerAddress(address))).toEqual(address);
        } catch (error) {
          expect(SpirekitError.from(error).code).toBe('usage');
        }
      }),
    );
  });
});
