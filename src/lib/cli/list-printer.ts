import type { OutputFormat } from './go-flags.ts';
import { asShown, type RenderOptions, type Result, renderResult } from './printer.ts';
import { type JsonValue, jsonText } from './protojson.ts';
import type { Table } from './table.ts';
import type { TextOutput } from './text-output.ts';

/** A command's answer that is a list of any length, in every shape it can be printed in. */
export interface ListResult<T> {
  readonly pages: AsyncIterable<readonly T[]>;
  /** How many items there are, where that is known from the start. */
  readonly total?: number | undefined;
  /** SPIRE's text above the items, with its last line's end. */
  readonly head: string;
  /** SPIRE's text of one item, with its last line's end. */
  readonly pretty: (item: T, index: number) => string;
  readonly json: (item: T) => JsonValue;
  /** What the list is called in SPIRE's JSON. */
  readonly listName: string;
  /** For the umbrella. Not asked for an empty list unless {@link hasEmptyTable}. */
  readonly table: (items: readonly T[]) => Table;
  readonly hasEmptyTable?: boolean;
}

/**
 * Renders a list piece by piece as its pages come, so that only one of them is in memory. Tables, whose columns are as wide
 * as their widest cell, and YAML are rendered as a whole.
 */
export async function* renderList<T>(
  list: ListResult<T>,
  format: OutputFormat | 'auto',
  options: RenderOptions,
): AsyncGenerator<string, void, undefined> {
  switch (format) {
    case 'pretty':
      for await (const text of renderPretty(list)) yield asShown(text, options);
      return;
    case 'json':
      for await (const text of renderJson(list)) yield asShown(text, options);
      return;
    case 'jsonl':
      for await (const page of list.pages) {
        yield asShown(page.map((item) => `${jsonText(list.json(item))}\n`).join(''), options);
      }
      return;
    case 'name': {
      const { nameLines } = await import('./names.ts');
      for await (const page of list.pages) yield nameLines(page.map(list.json), options.nameField ?? '');
      return;
    }
    case 'yaml':
    case 'table':
    case 'template':
    case 'auto':
      yield await renderResult(await collect(list), format, options);
  }
}

/** Writes text and waits until the reader has room for more. One that has gone away ends the process: `process-exit.ts`. */
export async function writeText(output: TextOutput, text: string | Uint8Array): Promise<void> {
  if (text.length === 0 || output.write(text) !== false) return;
  await new Promise<void>((resolve) => {
    if (output.once === undefined) resolve();
    else output.once('drain', resolve);
  });
}

async function* renderPretty<T>({ head, pages, pretty }: ListResult<T>): AsyncGenerator<string, void, undefined> {
  let above = head;
  let index = 0;
  for await (const page of pages) {
    yield above + page.map((item) => pretty(item, index++)).join('');
    above = '';
  }
  if (above !== '') yield above;
}

/** The one object that SPIRE prints, a page of its list at a time. */
async function* renderJson<T>({ listName, pages, json }: ListResult<T>): AsyncGenerator<string, void, undefined> {
  let before = `{${JSON.stringify(listName)}:[`;
  for await (const page of pages) {
    yield before + page.map((item) => jsonText(json(item))).join(',');
    before = ',';
  }
  yield `${before === ',' ? '' : before}],"next_page_token":""}\n`;
}

async function collect<T>({
  pages,
  head,
  pretty,
  json,
  listName,
  table,
  hasEmptyTable,
}: ListResult<T>): Promise<Result> {
  const items: T[] = [];
  for await (const page of pages) for (const item of page) items.push(item);
  return {
    pretty: () => head + items.map(pretty).join(''),
    json: () => ({ [listName]: items.map(json), next_page_token: '' }),
    items: () => items.map(json),
    // Nothing in a table says less than a sentence.
    ...(items.length > 0 || hasEmptyTable === true ? { table: () => table(items) } : {}),
  };
}
