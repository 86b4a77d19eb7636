import { isIP } from 'node:net';
import { SpiffeError } from './spiffe-error.ts';

/** Where a Workload API endpoint listens (SPIFFE Workload Endpoint section 4). */
export type EndpointAddress =
  | { readonly kind: 'unix'; readonly path: string }
  /** `host` is an IP address, IPv6 without brackets. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** The parts of a URI (RFC 3986 section 3), still percent-encoded. */
interface UriParts {
  readonly scheme: string;
  readonly authority: string | undefined;
  readonly path: string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

/** RFC 3986 appendix B, with the scheme's own syntax. */
const URI = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

/**
 * Parses the value of `SPIFFE_ENDPOINT_SOCKET` and the like: `unix:///path`, `unix:/path` or `tcp://IP:port`. An authority
 * in a `unix` address, which go-spiffe takes for part of a path, is refused, and so are empty queries and fragments and
 * ports that do not exist.
 *
 * @throws SpiffeError `invalid-argument`, where possible with go-spiffe's sentence
 */
export function parseEndpointAddress(address: string): EndpointAddress {
  if (/[\x00-\x1f\x7f]/.test(address)) throw invalid('is not a valid URI: control character');
  const [, scheme, authority, path = '', query, fragment] = URI.exec(address) ?? [];
  switch (scheme?.toLowerCase()) {
    case 'unix':
      return parseUnix({ scheme: 'unix', authority, path, query, fragment });
    case 'tcp':
      return parseTcp({ scheme: 'tcp', authority, path, query, fragment });
    default:
      throw invalid('URI must have a "tcp" or "unix" scheme');
  }
}

/** Writes what {@link parseEndpointAddress} reads. */
export function formatEndpointAddress(address: EndpointAddress): string {
  switch (address.kind) {
    case 'unix':
      return `unix://${address.path.replaceAll(/[^A-Za-z0-9._~!$&'()*+,;=:@/-]/gu, encodeURIComponent)}`;
    case 'tcp':
      return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
  }
}

function parseUnix(uri: UriParts): EndpointAddress {
  checkCommon(uri);
  if (uri.authority) throw invalid('unix', 'must not include an authority: write unix:///path');
  if (uri.path === '') throw invalid('unix', 'must include a path');
  return { kind: 'unix', path: decodePath(uri.path) };
}

function parseTcp(uri: UriParts): EndpointAddress {
  checkCommon(uri);
  if (!uri.authority) throw invalid('tcp', 'must include a host');
  if (uri.path !== '') throw invalid('tcp', 'must not include a path');
  const match = /^(?:\[([^[\]%]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(uri.authority);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || isIP(host) !== (match?.[1] === undefined ? 4 : 6)) {
    throw invalid('tcp', 'host component must be an IP:port');
  }
  const digits = match?.[3] ?? '';
  if (digits === '') throw invalid('tcp', 'host component must include a port');
  const port = Number(digits);
  if (port > 65535) throw invalid('tcp', 'port must not be over 65535');
  return { kind: 'tcp', host, port };
}

function checkCommon({ scheme, authority, path, query, fragment }: UriParts): void {
  if (authority === undefined && !path.startsWith('/') && path !== '') throw invalid(scheme, 'must not be opaque');
  if (authority?.includes('@')) throw invalid(scheme, 'must not include user info');
  if (query !== undefined) throw invalid(scheme, 'must not include query values');
  if (fragment !== undefined) throw invalid(scheme, 'must not include a fragment');
}

function decodePath(path: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch (cause) {
    throw new SpiffeError('invalid-argument', 'workload endpoint socket is not a valid URI: invalid URL escape', {
      cause,
    });
  }
  // The kernel would cut the path there.
  if (decoded.includes('\0')) throw invalid('unix', 'must not include a NUL');
  return decoded;
}

function invalid(schemeOrProblem: string, problem?: string): SpiffeError {
  const sentence =
    problem === undefined
      ? `workload endpoint socket ${schemeOrProblem}`
      : `workload endpoint ${schemeOrProblem} socket URI ${problem}`;
  return new SpiffeError('invalid-argument', sentence);
}
