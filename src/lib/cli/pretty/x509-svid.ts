import type { Certificate } from '../../crypto/certificate.ts';
import { formatGoTime, UTC } from '../go-time.ts';

/** An X509-SVID with what it can be verified against, as far as it is shown. */
export interface ShownSvid {
  readonly spiffeId: string;
  readonly hint: string;
  /** Leaf first. */
  readonly certificates: readonly Certificate[];
  readonly bundle: readonly Certificate[];
  /** By trust domain ID, or by name where the command names them so. */
  readonly federatedBundles: ReadonlyMap<string, readonly Certificate[]>;
}

/** The text of `api fetch x509` and of each update of `api watch`. */
export function formatX509Svids(svids: readonly ShownSvid[], elapsed: string): string {
  const head = `Received ${svids.length} svid${svids.length === 1 ? '' : 's'} after ${elapsed}\n`;
  return `${head}${svids.map((svid) => `\n${formatSvid(svid)}`).join('')}\n`;
}

function formatSvid(svid: ShownSvid): string {
  const lines = [`SPIFFE ID:\t\t${svid.spiffeId}`];
  if (svid.hint !== '') lines.push(`Hint:\t\t\t${svid.hint}`);
  for (const [index, certificate] of svid.certificates.entries()) {
    lines.push(...validity(index === 0 ? 'SVID' : `Intermediate #${index}`, certificate));
  }
  for (const [index, authority] of svid.bundle.entries()) lines.push(...validity(`CA #${index + 1}`, authority));
  for (const [trustDomain, bundle] of [...svid.federatedBundles].sort(byName)) {
    for (const [index, authority] of bundle.entries()) {
      lines.push(...validity(`[${trustDomain}] CA #${index + 1}`, authority));
    }
  }
  return `${lines.join('\n')}\n`;
}

function validity(what: string, certificate: Certificate): string[] {
  return [
    `${what} Valid After:\t${goTime(certificate.notBeforeMs)}`,
    `${what} Valid Until:\t${goTime(certificate.notAfterMs)}`,
  ];
}

function goTime(epochMs: number): string {
  return formatGoTime(BigInt(Math.floor(epochMs / 1000)), UTC);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
