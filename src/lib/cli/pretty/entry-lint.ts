import { type Finding, worstSeverity } from '../../findings/finding.ts';
import { counted } from '../../runtime/counted.ts';
import type { Table } from '../printer.ts';
import type { JsonValue } from '../protojson.ts';
import { findingsJson, formatFindings } from './findings.ts';

const SEVERITIES = ['error', 'warning', 'info'] as const;

/** What `entry lint` has found, and how much it has looked at. */
export function formatLint(findings: readonly Finding[], entries: number): string {
  const { error, warning, info } = countsOf(findings);
  const found = `${counted(error, 'error', 'errors')}, ${counted(warning, 'warning', 'warnings')}, ${info} to know`;
  return `${formatFindings(findings)}Looked at ${counted(entries, 'entry', 'entries')}: ${findings.length === 0 ? 'nothing found' : found}\n`;
}

/** The same for programs. */
export function lintJson(findings: readonly Finding[], entries: number): { readonly [name: string]: JsonValue } {
  return {
    schema: 'entry-lint/v1',
    entries,
    worst: worstSeverity(findings) ?? 'none',
    counts: countsOf(findings),
    findings: findingsJson(findings),
  };
}

/** One line each. */
export function lintTable(findings: readonly Finding[]): Table {
  return {
    head: ['Severity', 'Code', 'Subject', 'Message'],
    rows: findings.map(({ severity, code, subject, message }) => [severity, code, subject, message]),
    endsInProse: true,
  };
}

function countsOf(findings: readonly Finding[]): Record<(typeof SEVERITIES)[number], number> {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}
