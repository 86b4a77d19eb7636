import type { Finding } from '../../findings/finding.ts';
import type { JsonValue } from '../protojson.ts';
import { escapeControls } from '../terminal-text.ts';

/** Findings for people, the worst first; each with its evidence and its remedy below it. Empty without any. */
export function formatFindings(findings: readonly Finding[]): string {
  return worstFirst(findings)
    .map(({ severity, code, subject, message, rule, evidence, remedy }) => {
      const lines = [`${severity.padEnd(7)}  ${code}  ${subject}: ${message}${rule === undefined ? '' : ` [${rule}]`}`];
      for (const line of evidence ?? []) lines.push(`         seen: ${line}`);
      if (remedy !== undefined) lines.push(`         do:   ${remedy}`);
      return `${lines.map(escapeControls).join('\n')}\n`;
    })
    .join('');
}

/** Findings as the JSON of our own commands has them. */
export function findingsJson(findings: readonly Finding[]): JsonValue[] {
  return worstFirst(findings).map(({ code, severity, subject, message, evidence, remedy, rule }) => ({
    code,
    severity,
    subject,
    message,
    ...(rule === undefined ? {} : { rule }),
    evidence: [...(evidence ?? [])],
    ...(remedy === undefined ? {} : { remedy }),
  }));
}

function worstFirst(findings: readonly Finding[]): Finding[] {
  const rank = { error: 0, warning: 1, info: 2 } as const;
  return findings.toSorted((a, b) => rank[a.severity] - rank[b.severity]);
}
