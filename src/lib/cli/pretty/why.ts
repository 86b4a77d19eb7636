import { counted } from '../../runtime/counted.ts';
import { formatSelector, type Selector } from '../../spiffe/selector.ts';
import { remedyOf } from '../../why/entry-command.ts';
import type { AgentAnswer, ServerFacts } from '../../why/facts.ts';
import type { NearEntry } from '../../why/near-entry.ts';
import type { WhyReport } from '../../why/report.ts';
import { isOpen, showSelector } from '../../why/shown-selectors.ts';
import { seconds } from '../../why/sync-verdict.ts';
import type { JsonValue } from '../protojson.ts';
import { escapeControls } from '../terminal-text.ts';
import { findingsJson, formatFindings } from './findings.ts';

/** How much is told. */
interface WhyTextOptions {
  /** Show values of selectors that may be secret. */
  readonly showAll: boolean;
  readonly nowMs: number;
}

/** The text of `why`: who was looked at, by whom, the verdict, and what else comes near. */
export function formatWhy(report: WhyReport, options: WhyTextOptions): string {
  const { subject, verdict, findings, near, moreNear } = report;
  const own = subject.selectors.map(formatSelector);
  const ofProgram = subject.programSelectors.map(formatSelector);
  const seesPrograms = report.agent.settings?.discoversPath;
  const lines = [
    row('about', describeSubject(report)),
    ...(report.wantedId === undefined ? [] : [row('wanted', report.wantedId)]),
    row('agent', describeAgent(report, options.nowMs)),
    row('server', describeServer(report.server)),
    row('has', own.length === 0 ? 'no selectors' : own.join(' ')),
    ...(ofProgram.length === 0
      ? []
      : [row('', `${seesPrograms === true ? '' : 'with discover_workload_path: '}${ofProgram.join(' ')}`)]),
    ...identityRows(report),
  ];
  const answer = { true: 'There is an identity.', false: 'There is no identity.', undefined: 'It cannot be told.' };
  const others = near.filter(({ entry }) => `entry ${entry.id}` !== verdict.subject);
  return [
    `${lines.map(escapeControls).join('\n')}\n\n`,
    `${answer[`${report.hasIdentity}`]}\n`,
    formatFindings([verdict]),
    findings.length === 0 ? '' : `\n${formatFindings(findings)}`,
    others.length === 0 ? '' : `\nOther entries that come near:\n${others.map(formatNear).join('')}`,
    moreNear === 0 ? '' : `${counted(moreNear, 'more entry', 'more entries')} (--all)\n`,
  ].join('');
}

function row(label: string, text: string): string {
  return `${label.padEnd(8)} ${text}`;
}

function describeSubject({ subject }: WhyReport): string {
  const { process } = subject;
  if (process === undefined) return subject.name;
  const name = subject.isCaller ? `${subject.name}, pid ${process.pid}` : subject.name;
  const program = process.program === undefined ? '' : ` (${process.program})`;
  return `${name}${program}, uid ${process.uid}, gid ${process.gid}`;
}

function describeAgent({ agent, subject }: WhyReport, nowMs: number): string {
  const { answer, id, idSource, lastSyncMs } = agent;
  const says = describeAnswer(answer, subject.isCaller);
  const sync =
    lastSyncMs === undefined
      ? ''
      : lastSyncMs === 0
        ? '; never heard from its server'
        : `; heard from its server ${seconds(Math.max(0, nowMs - lastSyncMs))} ago`;
  const who = id === undefined ? 'an agent whose ID is not known' : `${id} (by ${idSource ?? 'nobody'})`;
  return answer.kind === 'not asked' ? who : `${who} at ${agent.address}: ${says}${sync}`;
}

function describeAnswer(answer: AgentAnswer, isCaller: boolean): string {
  switch (answer.kind) {
    case 'identities':
      return isCaller ? counted(answer.identities.length, 'identity', 'identities') : 'answers';
    case 'no identity':
      return isCaller ? 'no identity for this process' : 'answers';
    default:
      return answer.kind;
  }
}

function describeServer(server: ServerFacts): string {
  if (server.kind !== 'told') return `${server.address}: ${server.kind}`;
  return `${server.trustDomain} at ${server.address}: ${counted(server.entries.length, 'entry', 'entries')}`;
}

function identityRows({ identities, hasIdentity }: WhyReport): string[] {
  const label = hasIdentity === true ? 'gets' : 'got';
  return identities.map(({ spiffeId, hint, match, given }) => {
    const by = match === undefined ? 'no entry explains it (any more)' : `by entry ${match.entry.id}`;
    const until = given?.expiresAtMs === undefined ? '' : `, until ${new Date(given.expiresAtMs).toISOString()}`;
    return row(label, `${spiffeId}${hint === '' ? '' : ` (hint ${hint})`} ${by}${until}`);
  });
}

function formatNear({ entry, obstacles }: NearEntry): string {
  const reasons = obstacles.map(({ code, message }) => `  ${code}  ${escapeControls(message)}\n`);
  return `- entry ${escapeControls(entry.id)} gives ${escapeControls(entry.spiffeId)}\n${reasons.join('')}`;
}

/** The JSON of `why`, `why/v1`. */
export function whyJson(report: WhyReport, { showAll }: Pick<WhyTextOptions, 'showAll'>): JsonValue {
  const { subject, agent, server, verdict, findings } = report;
  const { process } = subject;
  const style = { showAll, serverFlags: [] };
  return {
    schema: 'why/v1',
    has_identity: report.hasIdentity ?? null,
    exit_code: report.exit,
    verdict: findingsJson([verdict])[0] ?? null,
    findings: findingsJson(findings),
    wanted_spiffe_id: report.wantedId ?? null,
    subject: {
      kind: subject.kind,
      name: subject.name,
      ...(process === undefined
        ? {}
        : {
            pid: process.pid,
            ...(process.program === undefined ? {} : { program: process.program }),
            uid: process.uid,
            gid: process.gid,
          }),
      selectors: subject.selectors.map(formatSelector),
      program_selectors: subject.programSelectors.map(formatSelector),
    },
    agent: {
      address: agent.address,
      answer: agent.answer.kind.replaceAll(' ', '_'),
      ...('description' in agent.answer ? { description: agent.answer.description } : {}),
      ...(agent.id === undefined ? {} : { spiffe_id: agent.id, known_by: agent.idSource ?? '' }),
      ...(agent.lastSyncMs === undefined ? {} : { last_sync: agent.lastSyncMs === 0 ? null : time(agent.lastSyncMs) }),
      ...(agent.settings === undefined
        ? {}
        : {
            config_file: agent.settings.source,
            workload_attestors: [...agent.settings.attestors],
            discover_workload_path: agent.settings.discoversPath,
          }),
    },
    server:
      server.kind === 'told'
        ? {
            address: server.address,
            answer: 'told',
            trust_domain: server.trustDomain,
            entries: server.entries.length,
            is_cut_short: server.isCutShort,
          }
        : { address: server.address, answer: server.kind, description: server.description },
    identities: report.identities.map(({ spiffeId, hint, match, given }) => ({
      spiffe_id: spiffeId,
      hint,
      entry_id: match?.entry.id ?? null,
      expires_at: given?.expiresAtMs === undefined ? null : time(given.expiresAtMs),
    })),
    near_entries: report.near.map((near) => ({
      entry_id: near.entry.id,
      spiffe_id: near.entry.spiffeId,
      parent_id: near.entry.parentId,
      selectors: near.entry.selectors.map((selector) => showInJson(selector, showAll)),
      met: near.met.map((selector) => showInJson(selector, showAll)),
      obstacles: near.obstacles.map(({ code, message }) => ({ code, message })),
      ...remedyOf(near, style),
    })),
    more_near_entries: report.moreNear,
  };
}

function showInJson(selector: Selector, showAll: boolean): string {
  return showAll || isOpen(selector) ? formatSelector(selector) : showSelector(selector, false);
}

function time(ms: number): JsonValue {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : null;
}
