import type { Finding } from '../../findings/finding.ts';
import type { RemovalOutcome, StaleAgent } from '../../overview/stale-agents.ts';
import { counted } from '../../runtime/counted.ts';
import { utcTime } from '../../runtime/utc-time.ts';
import type { Table } from '../printer.ts';
import type { JsonValue } from '../protojson.ts';
import { fromNow } from '../short-duration.ts';
import { escapeControls } from '../terminal-text.ts';
import { findingsJson } from './findings.ts';

/** The stale agents and what became of them; without outcomes nothing was removed. */
export interface CleanReport {
  readonly atMs: number;
  readonly isDryRun: boolean;
  readonly agents: readonly StaleAgent[];
  readonly outcomes: ReadonlyMap<StaleAgent, RemovalOutcome>;
}

/** The text of `agent clean`. */
export function formatClean(report: CleanReport): string {
  const { agents, isDryRun } = report;
  if (agents.length === 0) return 'There are no stale agents.\n';
  const lines = agents.map((agent) =>
    escapeControls(`${idText(agent)}  ${whyText(agent, report)}${endText(agent, report)}`),
  );
  const head = `${counted(agents.length, 'stale agent', 'stale agents')}${isDryRun ? ', which would be removed' : ''}:`;
  return `${[head, ...lines].join('\n')}\n`;
}

/** The same as a table. */
export function cleanTable(report: CleanReport): Table {
  return {
    head: ['SPIFFE ID', 'Attestation', 'Expired', 'Why', 'Entries below', 'Removed'],
    rows: report.agents.map((agent) => [
      idText(agent),
      agent.attestationType,
      fromNow(agent.expiredAtMs, report.atMs),
      standing(agent),
      String(agent.entryCount),
      outcomeText(report.outcomes.get(agent)),
    ]),
  };
}

/** The JSON of `agent clean`: `agent-clean/v1`. */
export function cleanJson(report: CleanReport): JsonValue {
  return {
    schema: 'agent-clean/v1',
    at: utcTime(report.atMs),
    dry_run: report.isDryRun,
    agents: report.agents.map((agent) => {
      const outcome = report.outcomes.get(agent);
      return {
        agent_id: idText(agent),
        attestation_type: agent.attestationType,
        expired_at: utcTime(agent.expiredAtMs),
        can_reattest: agent.canReattest,
        banned: agent.isBanned,
        entries: agent.entryCount,
        outcome: outcome === undefined ? 'kept' : typeof outcome === 'string' ? outcome : 'failed',
        ...(typeof outcome === 'object' ? { error: outcome.error.message } : {}),
      };
    }),
    findings: findingsJson(cleanFindings(report.agents)),
  };
}

/** What removing these agents takes along. */
export function cleanFindings(agents: readonly StaleAgent[]): Finding[] {
  const findings: Finding[] = [];
  const parents = agents.filter(({ entryCount }) => entryCount > 0);
  if (parents.length > 0) {
    const entries = parents.reduce((sum, { entryCount }) => sum + entryCount, 0);
    findings.push({
      code: 'SPK-6201',
      severity: 'warning',
      subject: counted(entries, 'entry', 'entries'),
      message: `their parent is one of these agents: nobody serves them without it (${counted(parents.length, 'agent', 'agents')})`,
    });
  }
  const lost = agents.filter(({ canReattest }) => !canReattest).length;
  if (lost > 0) {
    findings.push({
      code: 'SPK-6202',
      severity: 'warning',
      subject: counted(lost, 'agent', 'agents'),
      message: 'cannot attest again by themselves: each needs a new join token to come back',
    });
  }
  const banned = agents.filter(({ isBanned }) => isBanned).length;
  if (banned > 0) {
    findings.push({
      code: 'SPK-6203',
      severity: 'warning',
      subject: counted(banned, 'agent', 'agents'),
      message: 'banned: the ban goes with the agent, which may attest again then',
    });
  }
  return findings;
}

function idText({ id }: StaleAgent): string {
  return `spiffe://${id.trustDomain}${id.path}`;
}

function standing({ isBanned, canReattest }: StaleAgent): string {
  if (isBanned) return 'banned';
  return canReattest ? 'can re-attest' : 'cannot re-attest';
}

function whyText(agent: StaleAgent, { atMs }: CleanReport): string {
  const below = agent.entryCount === 0 ? '' : `, ${counted(agent.entryCount, 'entry', 'entries')} below it`;
  return `${agent.attestationType}, its SVID ended ${fromNow(agent.expiredAtMs, atMs)}, ${standing(agent)}${below}`;
}

function endText(agent: StaleAgent, { isDryRun, outcomes }: CleanReport): string {
  return isDryRun ? '' : `: ${outcomeText(outcomes.get(agent))}`;
}

function outcomeText(outcome: RemovalOutcome | undefined): string {
  if (outcome === undefined) return 'no';
  if (typeof outcome === 'object') return `no: ${outcome.error.message}`;
  return { removed: 'yes', gone: 'gone already', 'came-back': 'no: it has a new SVID' }[outcome];
}
