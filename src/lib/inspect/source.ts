import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { type EndpointAddress, parseEndpointAddress } from '../spiffe/endpoint-address.ts';

/** Where something to look at comes from. */
export type Source =
  | { readonly kind: 'stdin' }
  /** A file, a folder, or a socket of a Workload API. */
  | { readonly kind: 'path'; readonly path: string }
  /** Without an address: the one that the environment or the default names. */
  | { readonly kind: 'workload-api'; readonly address: EndpointAddress | undefined }
  /** The private socket of a server; an empty path stands for the default. */
  | { readonly kind: 'server'; readonly path: string }
  | { readonly kind: 'https'; readonly url: string }
  | { readonly kind: 'tls'; readonly host: string; readonly port: number };

/** An address without a scheme, like the others of a Workload API that have none. */
export const EMPTY_SOURCE = 'a source must not be empty';

/** Longer than any path or URL. */
const LONGEST_SOURCE = 4096;

/**
 * Reads what a person types for a source: `-`, a path, `unix:...` or `tcp:...` (a Workload API, as `workload:ADDRESS`, while
 * `workload:` alone is the usual one), `server:` or `server:PATH`, `https://host/path`, `host:port`. A path that looks like
 * another kind is written with `./` before it.
 *
 * @throws SpirekitError `invalid-argument`
 */
export function parseSource(text: string): Source {
  if (text === '') throw new SpirekitError('invalid-argument', EMPTY_SOURCE);
  if (text.length > LONGEST_SOURCE) throw new SpirekitError('invalid-argument', 'a source is longer than any path');
  if (text === '-') return { kind: 'stdin' };
  const workload = /^workload:(.*)$/s.exec(text)?.[1];
  if (workload === '') return { kind: 'workload-api', address: undefined };
  if (workload !== undefined) return { kind: 'workload-api', address: parseEndpointAddress(workload) };
  if (/^(?:unix|tcp):/i.test(text)) return { kind: 'workload-api', address: parseEndpointAddress(text) };
  const server = /^server:(.*)$/s.exec(text)?.[1];
  if (server !== undefined) return { kind: 'server', path: server.replace(/^unix:(?:\/\/)?/, '') };
  if (/^https:\/\//i.test(text)) return { kind: 'https', url: text };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new SpirekitError('invalid-argument', `${goQuote(text)} is of a kind that is not looked at: only https is`);
  }
  return findHostAndPort(text) ?? { kind: 'path', path: text };
}

/** `host:port` or `[IPv6]:port` of a peer that speaks TLS; undefined for anything else. */
export function findHostAndPort(text: string): { kind: 'tls'; host: string; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?)):(\d{1,5})$/.exec(
    text,
  );
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? 0);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { kind: 'tls', host, port };
}
