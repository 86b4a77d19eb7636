import type { JsonValue } from './protojson.ts';

/** Writes JSON data as YAML 1.2 in block style, ending with a line's end. Strings that could be read otherwise are quoted. */
export function yamlText(value: JsonValue): string {
  const lines: string[] = [];
  block(value, '', lines);
  return `${lines.join('\n')}\n`;
}

function block(value: JsonValue, indent: string, lines: string[]): void {
  if (isCollection(value) && isEmpty(value)) {
    lines.push(indent + emptyText(value));
  } else if (isList(value)) {
    for (const item of value) nested('-', item, indent, lines, ' ');
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, field] of Object.entries(value)) nested(`${scalar(key)}:`, field, indent, lines, '\n');
  } else {
    lines.push(indent + scalar(value));
  }
}

function nested(lead: string, value: JsonValue, indent: string, lines: string[], joiner: ' ' | '\n'): void {
  if (!isCollection(value) || isEmpty(value)) {
    lines.push(`${indent}${lead} ${isCollection(value) ? emptyText(value) : scalar(value)}`);
    return;
  }
  const inner: string[] = [];
  block(value, `${indent}  `, inner);
  if (joiner === ' ') lines.push(`${indent}${lead} ${inner.shift()?.trimStart() ?? ''}`, ...inner);
  else lines.push(`${indent}${lead}`, ...inner);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isCollection(value: JsonValue): value is readonly JsonValue[] | { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null;
}

function isEmpty(value: readonly JsonValue[] | { readonly [key: string]: JsonValue }): boolean {
  return Object.keys(value).length === 0;
}

function emptyText(value: JsonValue): string {
  return isList(value) ? '[]' : '{}';
}

/** Plain only where no YAML reader can see anything but this string; JSON's quoting is valid YAML. */
function scalar(value: JsonValue): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const isPlain = /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
