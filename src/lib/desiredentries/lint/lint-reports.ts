import type { Finding, Severity } from '../../findings/finding.ts';
import type { Place } from '../source-file.ts';
import type { LintedEntry } from './linted-entry.ts';

/** JUnit's XML, as CI systems show it: a failed case for each error and warning, a passed one for the rest. */
export function lintJunitText(findings: readonly Finding[]): string {
  const cases = findings.map(({ code, severity, subject, message, remedy }) => {
    const open = `  <testcase classname="${code}" name="${xml(subject)}"`;
    if (severity === 'info') return `${open}/>`;
    return `${open}>\n    <failure type="${severity}" message="${xml(message)}">${xml(remedy ?? '')}</failure>\n  </testcase>`;
  });
  if (cases.length === 0) cases.push('  <testcase classname="entry lint" name="all entries"/>');
  const failures = findings.filter(({ severity }) => severity !== 'info').length;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="entry lint" tests="${cases.length}" failures="${failures}">\n${cases.join('\n')}\n</testsuite>\n`;
}

const LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** SARIF 2.1.0, with the places of what stands in files. */
export function lintSarifText(findings: readonly Finding[], entries: readonly LintedEntry[]): string {
  const places = new Map<string, Place>(
    entries.flatMap(({ place }) =>
      place === undefined ? [] : [[`${place.file}:${place.line}:${place.column}`, place] as const],
    ),
  );
  const results = findings.map(({ code, severity, subject, message }) => {
    const place = places.get(/^(.*:\d+:\d+): /.exec(subject)?.[1] ?? '');
    return {
      ruleId: code,
      level: LEVELS[severity],
      message: { text: `${subject}: ${message}` },
      locations:
        place === undefined
          ? []
          : [
              {
                physicalLocation: {
                  artifactLocation: { uri: encodeURI(place.file) },
                  region: { startLine: place.line, startColumn: place.column },
                },
              },
            ],
    };
  });
  const rules = [...new Set(findings.map(({ code }) => code))].sort().map((id) => ({ id }));
  const run = { tool: { driver: { name: 'spirekit entry lint', rules } }, columnKind: 'utf16CodeUnits', results };
  return `${JSON.stringify({ version: '2.1.0', $schema: 'https://json.schemastore.org/sarif-2.1.0.json', runs: [run] }, null, 2)}\n`;
}

/** XML 1.0 has no place for most control characters. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
