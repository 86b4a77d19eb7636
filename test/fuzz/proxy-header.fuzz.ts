import { isIP } from 'node:net';
import { LONGEST_PROXY_HEADER, type ProxyHeader, parseProxyHeader } from '../../src/lib/rpc/proxy-header.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any bytes are refused, or are answered within their bounds, with an address and a port that exist. */
export function target(bytes: Uint8Array): void {
  let header: ProxyHeader;
  try {
    header = parseProxyHeader(bytes);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-argument') return;
    throw error;
  }
  if (header.kind === 'incomplete' && bytes.length >= LONGEST_PROXY_HEADER)
    throw new Error('it would be waited for without end');
  if (header.kind !== 'header') return;
  if (header.length > bytes.length || header.length > LONGEST_PROXY_HEADER) throw new Error('longer than it is');
  const { source } = header;
  if (source !== undefined && (isIP(source.address) === 0 || source.port < 0 || source.port > 65_535)) {
    throw new Error(`no place: ${source.address} ${source.port}`);
  }
  const again = parseProxyHeader(bytes.subarray(0, header.length));
  if (JSON.stringify(again) !== JSON.stringify(header)) throw new Error('what follows changed it');
}
