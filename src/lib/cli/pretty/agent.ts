import { counted } from '../../runtime/counted.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Agent } from '../../wire/gen/spire/api/types/agent.ts';
import type { SPIFFEID } from '../../wire/gen/spire/api/types/spiffeid.ts';
import { formatGoTime, type Zone } from '../go-time.ts';
import type { Table } from '../printer.ts';

/** Finds the zone in which a moment (seconds since the Unix epoch) is shown. */
export type ZoneOf = (epochSeconds: bigint) => Zone;

/** What `agent list` prints above the agents. */
export function formatAgentsHead(count: number): string {
  if (count === 0) return 'No attested agents found\n';
  return `Found ${counted(count, 'attested agent', 'attested agents')}:\n\n`;
}

/** The text of `agent show`. */
export function formatShownAgent(agent: Agent, zoneOf: ZoneOf): string {
  const selectors = agent.selectors.map(({ type, value }) => `Selectors         : ${type}:${value}\n`).join('');
  return `Found an attested agent given its SPIFFE ID\n\n${formatAgent(agent, zoneOf)}${selectors}`;
}

/** The text of `agent count`. */
export function formatAgentCount(count: number): string {
  return `${counted(count, 'attested agent', 'attested agents')}\n`;
}

/** Agents as the umbrella lists them. */
export function agentTable(agents: readonly Agent[], zoneOf: ZoneOf): Table {
  return {
    head: ['SPIFFE ID', 'Attestation', 'Expires', 'State', 'Version', 'Selectors'],
    rows: agents.map((agent) => [
      formatAgentId(agent.id),
      agent.attestationType,
      formatGoTime(agent.x509svidExpiresAt, zoneOf(agent.x509svidExpiresAt)),
      agent.banned ? 'banned' : agent.canReattest ? 'can re-attest' : 'cannot re-attest',
      agent.agentVersion,
      agent.selectors.map(({ type, value }) => `${type}:${value}`).join(', '),
    ]),
  };
}

/** One agent as `agent list` and `agent show` show it, with the empty line after it. */
export function formatAgent(agent: Agent, zoneOf: ZoneOf): string {
  const lines: [label: string, text: string][] = [
    ['SPIFFE ID', formatAgentId(agent.id)],
    ['Attestation type', agent.attestationType],
    ['Expiration time', formatGoTime(agent.x509svidExpiresAt, zoneOf(agent.x509svidExpiresAt))],
    // A banned agent has no serial number.
    agent.banned ? ['Banned', 'true'] : ['Serial number', agent.x509svidSerialNumber],
    ['Can re-attest', String(agent.canReattest)],
  ];
  if (agent.agentVersion !== '') lines.push(['Agent version', agent.agentVersion]);
  return `${lines.map(([label, text]) => `${label.padEnd(18)}: ${text}\n`).join('')}\n`;
}

/** @throws SpiffeError when the server sent something that is no SPIFFE ID */
function formatAgentId(id: SPIFFEID | undefined): string {
  return SpiffeId.fromPath(TrustDomain.parse(id?.trustDomain ?? ''), id?.path ?? '').toString();
}
