import { isIPv4, isIPv6 } from 'node:net';
import { SpirekitError } from '../runtime/errors.ts';

/** Where a proxy says that a connection comes from. */
export interface ProxiedSource {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

/** What the first bytes of a connection are. */
export type ProxyHeader =
  /** No header of the PROXY protocol. */
  | { readonly kind: 'none' }
  /** The beginning of one. */
  | { readonly kind: 'incomplete' }
  /** A header of so many bytes; without a source the connection is the proxy's own, or of a kind that has none. */
  | { readonly kind: 'header'; readonly length: number; readonly source: ProxiedSource | undefined };

const SIGNATURE_V1 = Buffer.from('PROXY ');
const SIGNATURE_V2 = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);

/** The longest line of version 1 with its end (PROXY protocol, section 2.1). */
const LONGEST_V1 = 107;
/** What version 2 may carry beside addresses; proxies send some hundred bytes at most. */
const LONGEST_V2 = 4096;

/** Signature, version and command, family, length (section 2.2). */
const FIXED_V2 = 16;

/** No header is longer. */
export const LONGEST_PROXY_HEADER = FIXED_V2 + LONGEST_V2;

/**
 * Reads the header of the PROXY protocol, version 1 or 2, at the beginning of a connection. What is sent beside the
 * addresses is passed over.
 *
 * @param bytes as many as have come
 * @throws SpirekitError `invalid-argument` for what begins like a header and is none
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [signature, parse] of [
    [SIGNATURE_V1, parseV1],
    [SIGNATURE_V2, parseV2],
  ] as const) {
    const length = Math.min(signature.length, buffer.length);
    if (!buffer.subarray(0, length).equals(signature.subarray(0, length))) continue;
    return length < signature.length ? { kind: 'incomplete' } : parse(buffer);
  }
  return { kind: 'none' };
}

function parseV1(buffer: Buffer): ProxyHeader {
  const end = buffer.subarray(0, LONGEST_V1).indexOf('\r\n');
  if (end < 0) {
    if (buffer.length < LONGEST_V1) return { kind: 'incomplete' };
    throw malformed('the line has no end');
  }
  const length = end + 2;
  const line = buffer.toString('latin1', 0, end);
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN '))
    return { kind: 'header', length, source: undefined };
  const words = line.split(' ');
  const [, family = '', from = '', to = '', fromPort = '', toPort = ''] = words;
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : undefined;
  if (isAddress === undefined) throw malformed('unknown transport');
  if (words.length !== 6 || !isAddress(from) || !isAddress(to) || !isPort(fromPort) || !isPort(toPort)) {
    throw malformed('addresses and ports are expected');
  }
  return { kind: 'header', length, source: { address: from, port: Number(fromPort) } };
}

function parseV2(buffer: Buffer): ProxyHeader {
  if (buffer.length < FIXED_V2) return { kind: 'incomplete' };
  const [versionAndCommand = 0, family = 0] = buffer.subarray(12);
  const rest = buffer.readUInt16BE(14);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > 1) throw malformed('unknown version or command');
  if (rest > LONGEST_V2) throw malformed('the header is too long');
  const length = FIXED_V2 + rest;
  if (buffer.length < length) return { kind: 'incomplete' };
  const addresses = buffer.subarray(FIXED_V2, length);
  // A health check of the proxy itself, or a connection of which it does not tell.
  if (command === 0 || family === 0x00) return { kind: 'header', length, source: undefined };
  if (family === 0x11 && addresses.length >= 12) {
    const source = { address: [...addresses.subarray(0, 4)].join('.'), port: addresses.readUInt16BE(8) };
    return { kind: 'header', length, source };
  }
  if (family === 0x21 && addresses.length >= 36) {
    const source = { address: formatIPv6(addresses.subarray(0, 16)), port: addresses.readUInt16BE(32) };
    return { kind: 'header', length, source };
  }
  throw malformed('TCP over IPv4 or IPv6 is expected');
}

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** As RFC 5952 wants it, section 4: lower case, no leading zeros, the longest run of zeros left out. */
function formatIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  const runs = [...groups.join(':').matchAll(/\b0(?::0\b)+/g)].map(([run]) => run);
  const longest = runs.reduce((one, other) => (other.length > one.length ? other : one), '');
  if (longest === '') return groups.join(':');
  const text = groups.join(':');
  const start = text.search(new RegExp(`\\b${longest}\\b`));
  const [before, after] = [text.slice(0, start), text.slice(start + longest.length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}

function malformed(what: string): SpirekitError {
  return new SpirekitError('invalid-argument', `malformed PROXY protocol header: ${what}`);
}
