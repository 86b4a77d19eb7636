import { isIP } from 'node:net';
import { ConfigError } from '../../config/config-error.ts';
import { goQuote } from '../../runtime/go-quote.ts';

/** Where a plugin serves. */
export type PluginAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Longer than any path of a socket with what stands before it. */
export const MAX_HANDSHAKE_BYTES = 4096;

/** Of go-plugin itself, and of SPIRE's plugins. */
const CORE_VERSION = 1;
const PLUGIN_VERSION = 1;

/** How much of a line that is none goes into the error. */
const SHOWN_LENGTH = 200;

/** What is shorter is filler of old plugins; a certificate is not. */
const SHORTEST_CERTIFICATE = 51;

/**
 * Reads the line by which a plugin says where it serves, `1|1|unix|/tmp/plugin1|grpc`, of go-plugin's protocol.
 *
 * Other than go-plugin, a plugin on TCP is taken on a loopback address only: the connection is in the clear.
 *
 * @throws {ConfigError} `invalid-config`, in go-plugin's words where it has them
 */
export function parseHandshakeLine(line: string): PluginAddress {
  const trimmed = line.trim();
  const [core = '', version = '', network = '', address, protocol = 'netrpc', certificate = ''] = trimmed.split('|');
  if (address === undefined) {
    throw new ConfigError(
      `Unrecognized remote plugin message: ${goQuote(trimmed.slice(0, SHOWN_LENGTH))}; a plugin must print its handshake on standard output before anything else`,
    );
  }
  if (parseNumber(core) !== CORE_VERSION) {
    throw new ConfigError(
      `incompatible core API version with plugin. Plugin version: ${shown(core)}, Core version: ${CORE_VERSION}; the plugin needs to be built anew with a current go-plugin`,
    );
  }
  if (parseNumber(version) !== PLUGIN_VERSION) {
    throw new ConfigError(
      `incompatible API version with plugin. Plugin version: ${shown(version)}, Client versions: [${PLUGIN_VERSION}]; the plugin needs to be built with SPIRE's plugin SDK`,
    );
  }
  if (protocol !== 'grpc') {
    throw new ConfigError(`unsupported plugin protocol ${goQuote(shown(protocol))}. Supported: [grpc]`);
  }
  if (certificate.length >= SHORTEST_CERTIFICATE) {
    throw new ConfigError('the plugin serves over TLS, which was not asked for: it must not use a TLS provider');
  }
  return parseAddress(network, address);
}

function parseAddress(network: string, address: string): PluginAddress {
  switch (network) {
    case 'unix':
      if (!address.startsWith('/') || address.includes('\0')) break;
      return { kind: 'unix', path: address };
    case 'tcp': {
      const [, bracketed, plain, portText = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address) ?? [];
      const host = bracketed ?? plain ?? '';
      const port = Number(portText);
      if (!isLoopback(host) || port < 1 || port > 65_535) break;
      return { kind: 'tcp', host, port };
    }
    default:
      throw new ConfigError(`unknown address type: ${goQuote(shown(network))}; a plugin serves on unix or tcp`);
  }
  throw new ConfigError(
    `the plugin serves on ${network} address ${goQuote(shown(address))}, but must be on an absolute path or a loopback address`,
  );
}

function isLoopback(host: string): boolean {
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1';
}

function parseNumber(text: string): number {
  return /^[+-]?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function shown(text: string): string {
  return text.slice(0, SHOWN_LENGTH);
}
