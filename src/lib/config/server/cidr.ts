import { isIP } from 'node:net';
import { goQuote } from '../../runtime/go-quote.ts';
import type { ConfigReport } from '../config-report.ts';

/** @throws {ConfigError} code `invalid-config` for anything but `address/bits` */
export function checkTrustedCidrs(cidrs: readonly string[], report: ConfigReport): void {
  for (const cidr of cidrs) {
    if (isCidr(cidr)) continue;
    const message = `invalid proxy_protocol_trusted_cidrs value ${goQuote(cidr)}: invalid CIDR address: ${cidr}`;
    report.fail(message, ['server', 'proxy_protocol_trusted_cidrs']);
  }
}

function isCidr(text: string): boolean {
  const [, address = '', bits = ''] = /^([^/%]*)\/([0-9]{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}
