import type { Finding } from '../findings/finding.ts';
import type { Facts, GivenIdentity } from './facts.ts';
import type { ReportedIdentity } from './report.ts';
import { seconds, staleForMs } from './sync-verdict.ts';

/** What is worth knowing beside the verdict. */
export function sideFindings(
  facts: Facts,
  verdict: Finding,
  wanted: readonly ReportedIdentity[],
  given: readonly GivenIdentity[] | undefined,
): Finding[] {
  const { agent, server, subject, nowMs, wantedId } = facts;
  const findings: Finding[] = [];
  const staleMs = staleForMs(agent, nowMs);
  if (staleMs !== undefined && verdict.code !== 'SPK-2210') {
    findings.push({
      code: 'SPK-2210',
      severity: 'warning',
      subject: agent.id ?? agent.address,
      message: `the agent has not heard from its server for ${seconds(staleMs)}`,
      remedy: "See the agent's log for what keeps it from the server.",
    });
  }
  if (server.kind !== 'told' && verdict.code !== 'SPK-2301' && verdict.code !== 'SPK-2302') {
    findings.push({
      code: 'SPK-2303',
      severity: 'info',
      subject: server.address,
      message: 'the server cannot be asked, so no entry was looked at',
      evidence: [server.description],
    });
  }
  if (server.kind === 'told') {
    if (server.isCutShort) {
      findings.push({
        code: 'SPK-2304',
        severity: 'warning',
        subject: server.address,
        message: `only the first ${server.entries.length} entries were looked at`,
        remedy: 'Name the SPIFFE ID in question: `--spiffe-id ID`.',
      });
    }
    const domains = new Set(wanted.flatMap(({ match }) => match?.entry.wire.federatesWith ?? []));
    for (const trustDomain of domains) {
      if (server.bundles.get(trustDomain) !== false || verdict.severity === 'error') continue;
      findings.push({
        code: 'SPK-2002',
        severity: 'warning',
        subject: trustDomain,
        message: `the entry federates with ${trustDomain}, and the server has no X.509 root of it that counts today: no peer from there will be trusted`,
        remedy:
          'Get that bundle from its operators: `spirekit bundle set --help`, or `spirekit federation create --help`.',
      });
    }
  }
  const { process } = subject;
  if (process !== undefined && process.uid !== process.realUid) {
    findings.push({
      code: 'SPK-2103',
      severity: 'info',
      subject: subject.name,
      message: `the process acts as uid ${process.uid}, which agents look at; its real uid is ${process.realUid}`,
    });
  }
  if (wantedId !== undefined && wanted.length === 0 && given !== undefined && given.length > 0) {
    const others = given.slice(0, 5).map(({ spiffeId }) => spiffeId);
    findings.push({
      code: 'SPK-2004',
      severity: 'info',
      subject: subject.name,
      message: `the agent gives it other identities: ${others.join(', ')}`,
    });
  }
  return findings;
}
