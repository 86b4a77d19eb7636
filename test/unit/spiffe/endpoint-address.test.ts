import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type EndpointAddress,
  formatEndpointAddress,
  parseEndpointAddress,
} from '../../../src/lib/spiffe/endpoint-address.ts';

const address: fc.Arbitrary<EndpointAddress> = fc.oneof(
  fc.record({
    kind: fc.constant('unix' as const),
    path: fc.string({ unit: 'grapheme' }).map((text) => `/${text.replaceAll('\0', '')}`),
  }),
  fc.record({ kind: fc.constant('tcp' as const), host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat(65535) }),
);

describe('workload endpoint addresses', () => {
  it('are parsed as they were formatted', () => {
    fc.assert(
      fc.property(address, (given) => {
        expect(parseEndpointAddress(formatEndpointAddress(given))).toEqual(given);
      }),
    );
  });

  it('have their percent-encoding undone', () => {
    expect(parseEndpointAddress('unix:///a%20b.sock')).toEqual({ kind: 'unix', path: '/a b.sock' });
    expect(parseEndpointAddress('UNIX:/x.sock')).toEqual({ kind: 'unix', path: '/x.sock' });
  });

  it.each([
    ['unix:opaque', 'workload endpoint unix socket URI must not be opaque'],
    ['unix://', 'workload endpoint unix socket URI must include a path'],
    ['unix:///x?y', 'workload endpoint unix socket URI must not include query values'],
    ['unix:///x#y', 'workload endpoint unix socket URI must not include a fragment'],
    ['unix://u@/x', 'workload endpoint unix socket URI must not include user info'],
    ['unix://host/x', /must not include an authority/],
    ['unix:///x%00y', /NUL/],
    ['unix:///%zz', /invalid URL escape/],
    ['tcp:opaque', 'workload endpoint tcp socket URI must not be opaque'],
    ['tcp://', 'workload endpoint tcp socket URI must include a host'],
    ['tcp://1.2.3.4:5/x', 'workload endpoint tcp socket URI must not include a path'],
    ['tcp://foo', 'workload endpoint tcp socket URI host component must be an IP:port'],
    ['tcp://::1:80', 'workload endpoint tcp socket URI host component must be an IP:port'],
    ['tcp://[1.2.3.4]:80', 'workload endpoint tcp socket URI host component must be an IP:port'],
    ['tcp://[fe80::1%25eth0]:80', 'workload endpoint tcp socket URI host component must be an IP:port'],
    ['tcp://01.2.3.4:80', 'workload endpoint tcp socket URI host component must be an IP:port'],
    ['tcp://1.2.3.4', 'workload endpoint tcp socket URI host component must include a port'],
    ['tcp://1.2.3.4:65536', /port/],
    ['/run/x.sock', 'workload endpoint socket URI must have a "tcp" or "unix" scheme'],
    ['\t', /control character/],
  ])('are refused: %j', (text, message) => {
    expect(() => parseEndpointAddress(text)).toThrow(message);
    expect(() => parseEndpointAddress(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
