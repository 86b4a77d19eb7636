import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHandshakeLine } from '../../../../src/lib/catalog/external/handshake-line.ts';

describe('parseHandshakeLine', () => {
  test.each([
    ['1|1|unix|/tmp/plugin1|grpc', { kind: 'unix', path: '/tmp/plugin1' }],
    ['1|1|unix|/tmp/plugin1|grpc|', { kind: 'unix', path: '/tmp/plugin1' }],
    [' 1|1|unix|/tmp/plugin1|grpc||true \r', { kind: 'unix', path: '/tmp/plugin1' }],
    ['1|1|tcp|127.0.0.1:1234|grpc', { kind: 'tcp', host: '127.0.0.1', port: 1234 }],
    ['1|1|tcp|[::1]:65535|grpc', { kind: 'tcp', host: '::1', port: 65_535 }],
  ])('reads %s', (line, address) => {
    expect(parseHandshakeLine(line)).toEqual(address);
  });

  test.each([
    ['', 'Unrecognized remote plugin message: ""'],
    ['hello', 'Unrecognized remote plugin message: "hello"'],
    ['1|1|unix', 'Unrecognized remote plugin message: "1|1|unix"'],
    ['2|1|unix|/x|grpc', 'incompatible core API version with plugin. Plugin version: 2, Core version: 1'],
    ['x|1|unix|/x|grpc', 'incompatible core API version with plugin. Plugin version: x, Core version: 1'],
    ['1|2|unix|/x|grpc', 'incompatible API version with plugin. Plugin version: 2, Client versions: [1]'],
    ['1|1|unix|/x', 'unsupported plugin protocol "netrpc". Supported: [grpc]'],
    ['1|1|unix|/x|netrpc', 'unsupported plugin protocol "netrpc". Supported: [grpc]'],
    ['1|1|udp|/x|grpc', 'unknown address type: "udp"'],
    ['1|1|unix|relative|grpc', 'must be on an absolute path or a loopback address'],
    ['1|1|tcp|192.0.2.1:80|grpc', 'must be on an absolute path or a loopback address'],
    ['1|1|tcp|localhost:80|grpc', 'must be on an absolute path or a loopback address'],
    ['1|1|tcp|127.0.0.1:0|grpc', 'must be on an absolute path or a loopback address'],
    ['1|1|tcp|127.0.0.1:65536|grpc', 'must be on an absolute path or a loopback address'],
    [`1|1|unix|/x|grpc|${'A'.repeat(60)}`, 'the plugin serves over TLS'],
  ])('refuses %j', (line, reason) => {
    expect(() => parseHandshakeLine(line)).toThrow(reason);
  });

  test('reads back any path and any loopback port', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\/[\w./-]{1,90}$/), fc.integer({ min: 1, max: 65_535 }), (path, port) => {
        expect(parseHandshakeLine(`1|1|unix|${path}|grpc`)).toEqual({ kind: 'unix', path });
        expect(parseHandshakeLine(`1|1|tcp|127.0.0.1:${port}|grpc`)).toEqual({ kind: 'tcp', host: '127.0.0.1', port });
      }),
    );
  });

  test('gives an address or says in one line why not, whatever it is given', () => {
    const part = fc.oneof(fc.constantFrom('1', '2', 'unix', 'tcp', 'grpc', '/x', '127.0.0.1:1'), fc.string());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        try {
          const address = parseHandshakeLine(parts.join('|'));
          expect(['unix', 'tcp']).toContain(address.kind);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-config' });
          expect(String(error).length).toBeLessThan(1_000);
        }
      }),
    );
  });
});
