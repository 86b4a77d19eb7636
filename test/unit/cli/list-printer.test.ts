import { EventEmitter } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ListResult, renderList, writeText } from '../../../src/lib/cli/list-printer.ts';
import { renderResult } from '../../../src/lib/cli/printer.ts';

async function* pagesOf<T>(...pages: readonly (readonly T[])[]): AsyncGenerator<readonly T[]> {
  yield* pages;
}

function listOf(...pages: readonly (readonly string[])[]): ListResult<string> {
  return {
    pages: pagesOf(...pages),
    head: `${pages.flat().length} names\n`,
    pretty: (name, index) => `${index}: ${name}\n`,
    json: (name) => ({ name }),
    listName: 'names',
    table: (names) => ({ head: ['name'], rows: names.map((name) => [name]) }),
  };
}

async function textOf(list: ListResult<string>, format: Parameters<typeof renderList>[1]): Promise<string> {
  let text = '';
  for await (const piece of renderList(list, format, { color: false, columns: undefined })) text += piece;
  return text;
}

describe('renderList', () => {
  it('gives in pieces what the whole list gives at once, in every format', async () => {
    const pages = fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 3 }), { maxLength: 4 });
    const formats = fc.constantFrom('pretty', 'json', 'jsonl', 'yaml', 'table', 'auto');
    await fc.assert(
      fc.asyncProperty(pages, formats, async (lists, format) => {
        const names = lists.flat();
        const { head, pretty, json, table } = listOf(...lists);
        const whole = await renderResult(
          {
            pretty: () => head + names.map(pretty).join(''),
            json: () => ({ names: names.map(json), next_page_token: '' }),
            items: () => names.map(json),
            ...(names.length > 0 ? { table: () => table(names) } : {}),
          },
          format,
          { color: false, columns: undefined },
        );
        expect(await textOf(listOf(...lists), format)).toBe(whole);
      }),
    );
  });

  it('gives each page before it asks for the next', async () => {
    const asked: string[] = [];
    async function* pages(): AsyncGenerator<readonly string[]> {
      for (const name of ['a', 'b']) {
        asked.push(name);
        yield [name];
      }
    }
    for (const format of ['pretty', 'json', 'jsonl'] as const) {
      asked.length = 0;
      const texts = renderList({ ...listOf(), pages: pages() }, format, { color: false, columns: undefined });
      expect((await texts.next()).value).toContain('a');
      expect(asked).toEqual(['a']);
    }
  });

  it('shows an empty list as a table only where that is wanted', async () => {
    expect(await textOf(listOf(), 'table')).toBe('0 names\n');
    expect(await textOf({ ...listOf(), hasEmptyTable: true }, 'table')).toContain('name');
  });
});

describe('writeText', () => {
  it('waits until a reader that is behind has taken what was written', async () => {
    const output = Object.assign(new EventEmitter(), { write: () => false });
    let isWritten = false;
    const writing = writeText(output, 'x').then(() => {
      isWritten = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isWritten).toBe(false);
    output.emit('drain');
    await writing;
    expect(output.listenerCount('drain')).toBe(0);
  });

  it('does not wait where there is room, nor for nothing', async () => {
    const texts: string[] = [];
    const output = { write: (text: string | Uint8Array) => texts.push(String(text)) > 0 };
    await writeText(output, 'a');
    await writeText(output, '');
    expect(texts).toEqual(['a']);
  });
});
