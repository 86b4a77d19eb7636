import type { ConfigReport } from '../config-report.ts';
import { findHostFault } from '../section/host.ts';

/**
 * Makes sure that the address of the server's port means something: names are looked up, as SPIRE does.
 *
 * @returns the host without brackets
 */
export async function resolveBindAddress(address: string, port: number, report: ConfigReport): Promise<string> {
  const host = address.replace(/^[[\]]+|[[\]]+$/g, '');
  const refuse = (reason: string, key: string): never =>
    report.fail(`could not resolve bind address "${address}:${port}": ${reason}`, ['server', key]);
  if (port < 0 || port > 65535) refuse(`address ${port}: invalid port`, 'bind_port');
  const fault = await findHostFault(host);
  return fault === undefined ? host : refuse(fault, 'bind_address');
}
