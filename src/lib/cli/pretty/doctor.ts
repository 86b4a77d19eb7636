import type { CheckResult, ExaminedDaemon } from '../../doctor/examination.ts';
import { worstSeverity } from '../../findings/finding.ts';
import { counted } from '../../runtime/counted.ts';
import type { JsonValue } from '../protojson.ts';
import type { Table } from '../table.ts';
import { escapeControls } from '../terminal-text.ts';
import { findingsJson, formatFindings } from './findings.ts';

/** What `doctor` has to say. */
export interface DoctorReport {
  readonly daemons: readonly ExaminedDaemon[];
  readonly results: readonly CheckResult[];
}

/** The text of `doctor`: whom it looked at, what is wrong with it, and what could not be looked at. */
export function formatDoctorReport({ daemons, results }: DoctorReport): string {
  const findings = results.flatMap((result) => result.findings);
  const skipped = groupSkipped(results);
  const lines = daemons.map((daemon) => `${escapeControls(daemonLine(daemon))}\n`);
  const looks = results.filter((result) => result.skipped === undefined).length;
  return [
    ...lines,
    lines.length === 0 ? '' : '\n',
    formatFindings(findings),
    findings.length === 0 ? '' : '\n',
    ...[...skipped].map(
      ([reason, checks]) => `not looked at: ${checks.join(', ')}: ${escapeControls(reason)}
`,
    ),
    `${counted(looks, 'look', 'looks')}, ${counted(findings.length, 'finding', 'findings')}.\n`,
  ].join('');
}

/** The JSON of `doctor`: schema `doctor/v1`. */
export function doctorReportJson({ daemons, results }: DoctorReport, version: string): JsonValue {
  const findings = results.flatMap((result) => result.findings);
  return {
    schema: 'doctor/v1',
    spirekit_version: version,
    examined: daemons.map((daemon) => ({
      program: daemon.kind,
      socket: daemon.socket,
      pid: daemon.pid ?? null,
      uid: daemon.uid ?? null,
      executable: daemon.executable ?? null,
      configuration: daemon.configuration ?? null,
      data_folder: daemon.dataFolder ?? null,
    })),
    checks: results.map(({ subject, check, findings: found, skipped }) => ({
      subject,
      check,
      outcome: skipped === undefined ? (found.length === 0 ? 'ok' : 'findings') : 'skipped',
      ...(skipped === undefined ? {} : { reason: skipped }),
    })),
    findings: findingsJson(findings),
    worst: worstSeverity(findings) ?? null,
  };
}

/** A row a look. */
export function doctorTable({ results }: DoctorReport): Table {
  return {
    head: ['SUBJECT', 'LOOK', 'OUTCOME', 'FINDINGS'],
    rows: results.map(({ subject, check, findings, skipped }) => [
      subject,
      check,
      skipped === undefined ? (worstSeverity(findings) ?? 'ok') : 'skipped',
      skipped ?? findings.map(({ code, message }) => `${code} ${message}`).join('; '),
    ]),
    endsInProse: true,
  };
}

function daemonLine({ kind, socket, pid, executable, configuration, dataFolder }: ExaminedDaemon): string {
  const process =
    pid === undefined ? 'no process' : `process ${pid}${executable === undefined ? '' : ` (${executable})`}`;
  return `${kind}: ${socket}, ${process}, configuration ${configuration ?? 'unknown'}, data folder ${dataFolder ?? 'unknown'}`;
}

/** The names of looks that were not taken, by why and about whom. */
function groupSkipped(results: readonly CheckResult[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { subject, check, skipped } of results) {
    if (skipped === undefined) continue;
    const names = groups.get(skipped) ?? [];
    groups.set(skipped, [...names, `${subject}'s ${check}`]);
  }
  return groups;
}
