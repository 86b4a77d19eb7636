import type { JsonNode } from './go-json.ts';

/** Writes a parsed value as JSON again: numbers as they were written, repeated members in their order. */
export function goJsonText(node: JsonNode): string {
  switch (node.kind) {
    case 'null':
      return 'null';
    case 'bool':
      return String(node.value);
    case 'number':
      return node.literal;
    case 'string':
      return JSON.stringify(node.value);
    case 'array':
      return `[${node.items.map(goJsonText).join(',')}]`;
    case 'object':
      return `{${node.members.map(([name, value]) => `${JSON.stringify(name)}:${goJsonText(value)}`).join(',')}}`;
  }
}
