import { formatGoDuration } from '../../runtime/go-duration.ts';
import type { GetInfoResponse, GetInfoResponse_Cert } from '../../wire/gen/spire/api/server/debug/v1/debug.ts';
import { formatRfc3339 } from '../go-time.ts';

/** The text of the server's `debug getinfo`. */
export function formatServerInfo(info: GetInfoResponse): string {
  const lines = [
    'Server Debug Info:',
    `  Uptime:                  ${formatGoDuration(BigInt(info.uptime) * 1_000_000_000n)}`,
    `  Registered Agents:       ${info.agentsCount}`,
    `  Registration Entries:    ${info.entriesCount}`,
    `  Federated Bundles:       ${info.federatedBundlesCount}`,
    ...(info.svidChain.length === 0 ? [] : ['  SVID Chain:']),
    ...info.svidChain.flatMap(formatCertificate),
  ];
  return `${lines.join('\n')}\n`;
}

function formatCertificate(certificate: GetInfoResponse_Cert, index: number): string[] {
  const id = certificate.id;
  return [
    `    [${index}] SPIFFE ID:  ${id === undefined ? '(none)' : `spiffe://${id.trustDomain}${id.path}`}`,
    `        Subject:    ${certificate.subject}`,
    `        Expires At: ${formatRfc3339(certificate.expiresAt)}`,
  ];
}
