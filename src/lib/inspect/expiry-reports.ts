import { type ExpiryItem, expiryInWords } from './expiry.ts';
import { lifePosition } from './lifetime.ts';

/** The text exposition format of Prometheus, for the textfile collector of node_exporter. */
export function expiryMetricsText(items: readonly ExpiryItem[], nowMs: number): string {
  const dated = items.filter((item) => item.lifetime !== undefined);
  const families: readonly (readonly [name: string, help: string, value: (item: ExpiryItem) => number | undefined])[] =
    [
      [
        'not_after_seconds',
        'When it expires, in seconds since the Unix epoch.',
        ({ lifetime }) => lifetime && seconds(lifetime.notAfterMs),
      ],
      [
        'not_before_seconds',
        'From when on it is valid, in seconds since the Unix epoch.',
        (item) => (isDated(item) ? seconds(item.lifetime?.notBeforeMs) : undefined),
      ],
      [
        'used_ratio',
        'How much of its life is used; over 1 once it has expired.',
        (item) => (isDated(item) && item.lifetime ? lifePosition(item.lifetime, nowMs).usedShare : undefined),
      ],
    ];
  let text = '';
  for (const [name, help, value] of families) {
    text += head(name, help);
    for (const item of dated) {
      const number = value(item);
      if (number !== undefined) text += `spirekit_expiry_${name}{${labels(item)}} ${number}\n`;
    }
  }
  text += head('status', 'One for the state that it is in.');
  for (const item of items) text += `spirekit_expiry_status{${labels(item)},status="${item.status}"} 1\n`;
  return text;
}

/** The key of a bundle says when it ends, and not when it began. */
function isDated({ kind }: ExpiryItem): boolean {
  return kind !== 'jwt-key';
}

/** A JUnit report: a test case each, failed if it is expired, stale, unreadable or beyond what was asked for. */
export function expiryJunitText(items: readonly ExpiryItem[], nowMs: number): string {
  const failed = items.filter(({ status }) => isFailure(status));
  const cases = items.map((item) => {
    const open = `    <testcase classname="${xml(item.kind)}" name="${xml(`${item.subject} ${item.name}`.trim())}"`;
    if (!isFailure(item.status)) return `${open}/>\n`;
    return `${open}>\n      <failure type="${item.status}" message="${xml(expiryInWords(item, nowMs))}"/>\n    </testcase>\n`;
  });
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n' +
    `  <testsuite name="expiry" tests="${items.length}" failures="${failed.length}">\n${cases.join('')}  </testsuite>\n</testsuites>\n`
  );
}

function isFailure(status: ExpiryItem['status']): boolean {
  return status !== 'fresh' && status !== 'due' && status !== 'superseded';
}

function head(name: string, help: string): string {
  return `# HELP spirekit_expiry_${name} ${help}\n# TYPE spirekit_expiry_${name} gauge\n`;
}

function labels({ source, name, kind, subject }: ExpiryItem): string {
  return Object.entries({ source, name, kind, subject })
    .map(([key, value]) => `${key}="${labelValue(value)}"`)
    .join(',');
}

/** Other control characters mean nothing to the format, but to those who read it. */
function labelValue(text: string): string {
  return text.replaceAll(/[\\"\u0000-\u001f\u007f-\u009f]/g, (character) => {
    if (character === '\\' || character === '"') return `\\${character}`;
    return character === '\n' ? '\\n' : '?';
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML has no way to write most control characters, nor halves of surrogate pairs. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, '?')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
