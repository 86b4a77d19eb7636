import { stripVTControlCharacters } from 'node:util';
import type { OutputFormat } from './go-flags.ts';
import type { JsonValue } from './protojson.ts';
import { jsonText } from './protojson.ts';
import type { Table, TableOptions } from './table.ts';
import type { Fill } from './template-output.ts';
import { escapeControlsInLines } from './terminal-text.ts';

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

/** How answers are rendered. */
export interface RenderOptions extends TableOptions {
  /** Whether a terminal shows it, which must not take what comes from outside for commands to itself. */
  readonly isTerminal?: boolean;
  /** For `name`. */
  readonly nameField?: string | undefined;
  /** For `template`. */
  readonly fill?: Fill | undefined;
}

/**
 * Renders a result as text that ends with a line's end (or is empty). `table` without a table is `pretty`; `auto` is a
 * table unless the terminal is too narrow for it.
 *
 * @throws TemplateError for an answer that has not what a template asks for
 */
export async function renderResult(
  result: Result,
  format: OutputFormat | 'auto',
  options: RenderOptions,
): Promise<string> {
  switch (format) {
    case 'pretty':
      return asShown(result.pretty(), options);
    case 'json':
      return asShown(`${jsonText(result.json())}\n`, options);
    case 'jsonl': {
      const lines = itemsOf(result).map((item) => `${jsonText(item)}\n`);
      return asShown(lines.join(''), options);
    }
    case 'yaml':
      return asShown((await import('./yaml.ts')).yamlText(result.json()), options);
    case 'name':
      return (await import('./names.ts')).nameLines(itemsOf(result), options.nameField ?? '');
    case 'template':
      return asShown(options.fill?.(result.json()) ?? '', options);
    case 'table':
      if (result.table === undefined) return renderResult(result, 'pretty', options);
      return (await import('./table.ts')).renderTable(result.table(), options);
    case 'auto': {
      const text = await renderResult(result, 'table', options);
      return fits(text, options.columns) ? text : renderResult(result, 'pretty', options);
    }
  }
}

/** Text from outside as who reads it may have it: a program as it is, a terminal without control characters. */
export function asShown(text: string, { isTerminal }: Pick<RenderOptions, 'isTerminal'>): string {
  return isTerminal === true ? escapeControlsInLines(text) : text;
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
