import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_PROXY_HEADER, parseProxyHeader } from '../../../src/lib/rpc/proxy-header.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const port = fc.nat(65_535);
const ports = (from: number, to: number): Buffer => Buffer.from([from >> 8, from & 255, to >> 8, to & 255]);

/** Version 2, with something behind the addresses. */
function v2(versionAndCommand: number, family: number, addresses: Uint8Array, more = 0): Buffer {
  const rest = Buffer.concat([addresses, Buffer.alloc(more, 1)]);
  const head = Buffer.from([versionAndCommand, family, rest.length >> 8, rest.length & 255]);
  return Buffer.concat([SIGNATURE, head, rest]);
}

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const sourceOf = (header: Uint8Array) => {
  const parsed = parseProxyHeader(header);
  return parsed.kind === 'header' ? parsed.source : undefined;
};

const headers = fc.oneof(
  fc.record({ from: fc.ipV4(), to: fc.ipV4(), ports: fc.tuple(port, port) }).map(({ from, to, ports: [a, b] }) => ({
    header: Buffer.from(`PROXY TCP4 ${from} ${to} ${a} ${b}\r\n`),
    source: { address: from, port: a },
  })),
  fc.record({ from: fc.ipV6(), to: fc.ipV6(), ports: fc.tuple(port, port) }).map(({ from, to, ports: [a, b] }) => ({
    header: Buffer.from(`PROXY TCP6 ${from} ${to} ${a} ${b}\r\n`),
    source: { address: from, port: a },
  })),
  fc.tuple(bytesOf(4), port, fc.nat(4_000)).map(([from, a, more]) => ({
    header: v2(0x21, 0x11, Buffer.concat([from, Buffer.alloc(4), ports(a, 8081)]), more),
    source: { address: from.join('.'), port: a },
  })),
  fc.tuple(bytesOf(16), port, fc.nat(4_000)).map(([from, a, more]) => ({
    header: v2(0x21, 0x21, Buffer.concat([from, Buffer.alloc(16), ports(a, 8081)]), more),
    source: { address: shortest(from), port: a },
  })),
  fc.nat(4_096).map((more) => ({ header: v2(0x20, 0x00, Buffer.alloc(0), more), source: undefined })),
  fc.nat(4_096).map((more) => ({ header: v2(0x21, 0x00, Buffer.alloc(0), more), source: undefined })),
  fc.constantFrom('PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ff::1 ::2 1 2\r\n').map((line) => ({
    header: Buffer.from(line),
    source: undefined,
  })),
);

/** As browsers write it, which is as RFC 5952 wants it. */
function shortest(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${hex.join(':')}]/`).hostname.slice(1, -1);
}

describe('the header of the PROXY protocol', () => {
  it('says where the connection comes from, and where it ends itself', () => {
    fc.assert(
      fc.property(headers, fc.uint8Array({ maxLength: 40 }), ({ header, source }, rest) => {
        expect(parseProxyHeader(Buffer.concat([header, rest]))).toEqual({
          kind: 'header',
          length: header.length,
          source,
        });
        expect(header.length).toBeLessThanOrEqual(LONGEST_PROXY_HEADER);
      }),
    );
  });

  it('is waited for as long as it may be one', () => {
    fc.assert(
      fc.property(headers, fc.nat(), ({ header }, cut) => {
        expect(parseProxyHeader(header.subarray(0, cut % header.length))).toEqual({ kind: 'incomplete' });
      }),
    );
  });

  it('is not seen in what else begins a connection', () => {
    for (const bytes of [
      Buffer.from([0x16, 3, 1, 2, 0]),
      Buffer.from('PRI * HTTP/2.0'),
      Buffer.from('PROXYx'),
      Buffer.from('GET /'),
    ]) {
      expect(parseProxyHeader(bytes)).toEqual({ kind: 'none' });
    }
    expect(parseProxyHeader(new Uint8Array())).toEqual({ kind: 'incomplete' });
  });

  it.each([
    'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n',
    'PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n',
    'PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY UNKNOWNX\r\n',
    'PROXY \r\n',
    `PROXY UNKNOWN ${'x'.repeat(200)}`,
  ])('is refused as %j', (line) => {
    expect(() => parseProxyHeader(Buffer.from(line))).toThrow(/^malformed PROXY protocol header: /);
  });

  it.each([
    ['another version', v2(0x11, 0x11, Buffer.alloc(12))],
    ['another command', v2(0x22, 0x11, Buffer.alloc(12))],
    ['datagrams', v2(0x21, 0x12, Buffer.alloc(12))],
    ['a unix socket', v2(0x21, 0x31, Buffer.alloc(216))],
    ['addresses that are cut off', v2(0x21, 0x11, Buffer.alloc(11))],
    ['addresses of IPv6 that are cut off', v2(0x21, 0x21, Buffer.alloc(35))],
    ['more than there may be', v2(0x21, 0x11, Buffer.alloc(4_097))],
  ])('is refused with %s', (_, header) => {
    expect(() => sourceOf(header)).toThrow(/^malformed PROXY protocol header: /);
  });

  it('gives for any bytes an answer or a refusal with a code', () => {
    const starts = fc.constantFrom(SIGNATURE, Buffer.from('PROXY TCP4 '), Buffer.from('PROXY '), Buffer.alloc(0));
    fc.assert(
      fc.property(starts, fc.uint8Array({ maxLength: 300 }), (start, rest) => {
        const bytes = Buffer.concat([start, rest]);
        try {
          const parsed = parseProxyHeader(bytes);
          if (parsed.kind === 'header') expect(parsed.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(SpirekitError.from(error).code).toBe('invalid-argument');
        }
      }),
    );
  });
});
