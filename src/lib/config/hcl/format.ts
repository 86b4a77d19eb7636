import type { HclItem, HclKey, HclLiteral, HclNode, HclObject } from './ast.ts';

/**
 * Writes a tree as HCL text that parses to the same tree; comments and layout are not kept. This is what plugins get as
 * their configuration.
 */
export function formatHcl(object: HclObject): string {
  // The blank lines are those of HCL's own printer: plugins tell line numbers in their errors.
  return object.items.map((item) => `${formatItem(item, '')}\n`).join('\n');
}

function formatItems(object: HclObject, indentation: string): string {
  return object.items.map((item) => `${indentation}${formatItem(item, indentation)}\n`).join('');
}

/** Like {@link formatHcl}; a value that is no object is written by itself. */
export function formatHclNode(node: HclNode): string {
  return node.kind === 'object' ? formatHcl(node) : formatNode(node, '');
}

function formatItem(item: HclItem, indentation: string): string {
  const keys = item.keys.map(formatKey).join(' ');
  // Only one key can stand before `=`, and objects are the same with and without it.
  const assignment = item.value.kind === 'object' ? ' ' : ' = ';
  return keys + assignment + formatNode(item.value, indentation);
}

function formatNode(node: HclNode, indentation: string): string {
  switch (node.kind) {
    case 'literal':
      return formatLiteral(node);
    case 'list':
      return `[${node.items.map((item) => formatNode(item, indentation)).join(', ')}]`;
    case 'object':
      return node.items.length === 0 ? '{}' : `{\n${formatItems(node, `${indentation}  `)}${indentation}}`;
  }
}

function formatKey(key: HclKey): string {
  return key.isBare && /^[\p{L}_][\p{L}\p{Nd}_.-]*$/u.test(key.name) && !/^(true|false)$/.test(key.name)
    ? key.name
    : quoteHcl(key.name);
}

function formatLiteral(literal: HclLiteral): string {
  return literal.type === 'string' || literal.type === 'heredoc' ? quoteHcl(literal.value) : literal.value;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** A text as a quoted HCL string; `${` is escaped so that it opens nothing. */
function quoteHcl(text: string): string {
  const escaped = text
    .replaceAll(/["\\\p{Cc}\uE123]/gu, (character) => ESCAPES.get(character) ?? unicodeEscape(character))
    .replaceAll('${', '\\x24{');
  return `"${escaped}"`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
