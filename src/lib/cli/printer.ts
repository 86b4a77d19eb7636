import { stripVTControlCharacters } from 'node:util';
import type { OutputFormat } from './go-flags.ts';
import type { JsonValue } from './protojson.ts';
import { jsonText } from './protojson.ts';
import type { Table, TableOptions } from './table.ts';

export type { Table } from './table.ts';

/** A command's answer in every shape it can be printed in; the functions are called only for the format asked for. */
export interface Result {
  /** SPIRE's text, with its last line's end. */
  pretty(): string;
  /** SPIRE's JSON: the response, or a list if the command prints several messages. */
  json(): JsonValue;
  /** The list inside the JSON, one value a line in `jsonl`; default: the JSON itself, or its items if it is a list. */
  items?(): readonly JsonValue[];
  /** For lists, which the umbrella shows as tables unless told otherwise. */
  table?(): Table;
}

/**
 * Renders a result as text that ends with a line's end (or is empty). `table` without a table is `pretty`; `auto` is a
 * table unless the terminal is too narrow for it.
 */
export async function renderResult(
  result: Result,
  format: OutputFormat | 'auto',
  options: TableOptions,
): Promise<string> {
  switch (format) {
    case 'pretty':
      return result.pretty();
    case 'json':
      return `${jsonText(result.json())}\n`;
    case 'jsonl':
      return itemsOf(result)
        .map((item) => `${jsonText(item)}\n`)
        .join('');
    case 'yaml':
      return (await import('./yaml.ts')).yamlText(result.json());
    case 'table':
      if (result.table === undefined) return result.pretty();
      return (await import('./table.ts')).renderTable(result.table(), options);
    case 'auto': {
      const text = await renderResult(result, 'table', options);
      return fits(text, options.columns) ? text : result.pretty();
    }
  }
}

function fits(text: string, columns: number | undefined): boolean {
  if (columns === undefined) return true;
  return stripVTControlCharacters(text)
    .split('\n')
    .every((line) => line.length <= columns);
}

function itemsOf(result: Result): readonly JsonValue[] {
  if (result.items !== undefined) return result.items();
  const value = result.json();
  return Array.isArray(value) ? value : [value];
}
