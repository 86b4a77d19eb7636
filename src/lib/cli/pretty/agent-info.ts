import { formatGoDuration } from '../../runtime/go-duration.ts';
import type { GetInfoResponse, GetInfoResponse_Cert } from '../../wire/gen/spire/api/agent/debug/v1/debug.ts';
import { formatRfc3339 } from '../go-time.ts';

/** The text of the agent's `debug getinfo`. */
export function formatAgentInfo(info: GetInfoResponse): string {
  const lastSync = info.lastSyncSuccess === 0n ? '(never)' : formatRfc3339(info.lastSyncSuccess);
  const lines = [
    'Agent Debug Info:',
    `  Uptime:                          ${formatGoDuration(BigInt(info.uptime) * 1_000_000_000n)}`,
    `  Last Sync Success:               ${lastSync}`,
    `  Cached X.509 SVIDs:              ${info.cachedX509SvidsCount}`,
    `  Cached JWT SVIDs:                ${info.cachedJwtSvidsCount}`,
    `  Cached SVID Store X.509 SVIDs:   ${info.cachedSvidstoreX509SvidsCount}`,
    ...(info.svidChain.length === 0 ? [] : ['  SVID Chain:']),
    ...info.svidChain.flatMap(formatCertificate),
  ];
  return `${lines.join('\n')}\n`;
}

function formatCertificate(certificate: GetInfoResponse_Cert, index: number): string[] {
  const { id } = certificate;
  return [
    `    [${index}] SPIFFE ID:  ${id === undefined ? '(none)' : `spiffe://${id.trustDomain}${id.path}`}`,
    `        Subject:    ${certificate.subject}`,
    `        Expires At: ${formatRfc3339(certificate.expiresAt)}`,
  ];
}
