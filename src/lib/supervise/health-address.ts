import { isIP } from 'node:net';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';

/** Where health is asked for. */
export type HealthAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/**
 * Reads an address: `127.0.0.1:8081`, `[::1]:8081`, `:8081` and `8081` for the loopback address, `unix:/run/health.sock`.
 *
 * @throws SpirekitError `usage`
 */
export function parseHealthAddress(text: string): HealthAddress {
  const path = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)|(localhost))?:)?([0-9]{1,5})$/.exec(text);
  const [, ipv6, ipv4, , digits] = match ?? [];
  const port = Number(digits);
  const host = ipv6 ?? ipv4 ?? '127.0.0.1';
  const isRight = match !== null && port <= 65_535 && isIP(host) !== 0 && (ipv6 === undefined || isIP(ipv6) === 6);
  if (isRight) return { kind: 'tcp', host, port };
  throw new SpirekitError('usage', `${goQuote(text)} is no address to listen on, such as 127.0.0.1:8081 or unix:/path`);
}
