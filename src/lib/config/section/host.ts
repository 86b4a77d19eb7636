import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { errnoOf } from '../../runtime/io-reason.ts';

/** Spellings of IPv4 addresses that the C library reads and Go does not. */
const ODD_ADDRESS = /^(?:0[xX][0-9a-fA-F]+|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]+|[0-9]+)){0,3}$/;

/** Why a host to listen on is none; undefined for an IP address or a name that can be looked up. */
export async function findHostFault(host: string): Promise<string | undefined> {
  if (isIP(host) !== 0) return undefined;
  if (ODD_ADDRESS.test(host)) return `lookup ${host}: no such host`;
  try {
    await lookup(host);
    return undefined;
  } catch (error) {
    return `lookup ${host}: ${errnoOf(error) === 'ENOTFOUND' ? 'no such host' : 'server misbehaving'}`;
  }
}
