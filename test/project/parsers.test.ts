import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targetNames } from '../support/fuzz.ts';
import { projectRoot } from '../support/programs.ts';
import { exportedNames, findParsers, importsOf, namesInProperties } from './parser-inventory.ts';
import { NO_PARSERS, PARSERS } from './parsers.ts';

const parsers = findParsers().map((parser) => parser.slice('src/lib/'.length));
const rows = Object.entries(PARSERS);

describe('the table of parsers', () => {
  it('names every parser, or says why it is none', () => {
    const unknown = parsers.filter((parser) => {
      const [file = ''] = parser.split('#');
      return !(parser in NO_PARSERS) && !(file in PARSERS);
    });
    expect(unknown, 'add a property test and a fuzz target, and a row in test/project/parsers.ts').toEqual([]);
  });

  it('names nothing that is gone', () => {
    expect(Object.keys(NO_PARSERS).filter((parser) => !parsers.includes(parser))).toEqual([]);
    expect(rows.map(([file]) => file).filter((file) => !existsSync(join(projectRoot, 'src/lib', file)))).toEqual([]);
    for (const [file, { also = [] }] of rows)
      expect(exportedNames(`src/lib/${file}`)).toEqual(expect.arrayContaining([...also]));
  });

  it.each(rows)('%s is used within the properties of its tests', (file, { properties, also = [] }) => {
    const tests = properties.map((test) => `test/unit/${test}`);
    for (const test of tests) expect(importsOf(test), test).toContain(`src/lib/${file}`);
    const used = new Set(tests.flatMap((test) => [...namesInProperties(test)]));
    const named = parsers.filter((parser) => parser.startsWith(`${file}#`) && !(parser in NO_PARSERS));
    const wanted = [...named.map((parser) => parser.slice(file.length + 1)), ...also];
    expect(wanted).not.toEqual([]);
    expect(wanted.filter((name) => !used.has(name))).toEqual([]);
  });

  it.each(rows)('%s is reached by its fuzz target', (file, { fuzz }) => {
    if (typeof fuzz !== 'string') {
      expect(fuzz.none).not.toBe('');
      return;
    }
    expect(targetNames()).toContain(fuzz);
    expect(importsOf(`test/fuzz/${fuzz}.fuzz.ts`)).toContain(`src/lib/${file}`);
  });
});
