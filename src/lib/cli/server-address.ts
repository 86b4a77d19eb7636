import { SpirekitError } from '../runtime/errors.ts';

/** Where a server listens for agents and for operators who are elsewhere. */
export interface ServerAddress {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** SPIRE's `bind_port` unless the configuration has another. */
const DEFAULT_PORT = 8081;

/**
 * Reads `host`, `host:port`, `[IPv6]` or `[IPv6]:port`; without a port it is 8081.
 *
 * @throws SpirekitError `usage`
 */
export function parseServerAddress(text: string): ServerAddress {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw new SpirekitError('usage', `${JSON.stringify(text)} is no address of a server: write host:port or [IPv6]:port`);
}

/** Writes what {@link parseServerAddress} reads, always with the port. */
export function formatServerAddress({ host, port }: ServerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
