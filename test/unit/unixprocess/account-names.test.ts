import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AccountNames, parseAccountNames } from '../../../src/lib/unixprocess/account-names.ts';
import { TestFolder } from '../agent/support.ts';

describe('parseAccountNames', () => {
  test('reads users and groups alike', () => {
    const text = 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\nwheel:x:10:root,web\n';
    expect([...parseAccountNames(text)]).toEqual([
      [0, 'root'],
      [1000, 'web'],
      [10, 'wheel'],
    ]);
  });

  test('gives an id that comes twice the first name', () => {
    expect(parseAccountNames('root:x:0:0\ntoor:x:0:0\n').get(0)).toBe('root');
  });

  test.each([
    '#root:x:0:',
    '+root:x:0:',
    '-root:x:0:',
    ':x:0:',
    'root:x',
    'root:x:',
    'root:x:-0:',
    'root:x:4294967296:',
    '',
  ])('passes over %j', (line) => {
    expect(parseAccountNames(`${line}\nweb:x:7:7\n`)).toEqual(new Map([[7, 'web']]));
  });

  test('never throws, and only makes names that stand in the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ':', '\n', '0', '9', '#', '-', ' ') }), (text) => {
        for (const [id, name] of parseAccountNames(text)) {
          expect(name).not.toBe('');
          expect(text).toContain(`${name}:`);
          expect(Number.isInteger(id)).toBe(true);
        }
      }),
    );
  });
});

describe('AccountNames', () => {
  test('sees an account that was added later', async () => {
    using folder = new TestFolder();
    const path = folder.file('passwd');
    writeFileSync(path, 'root:x:0:0\n');
    const names = new AccountNames(path);
    expect((await names.load()).get(5)).toBeUndefined();
    writeFileSync(path, 'root:x:0:0\nnew:x:5:5\n');
    expect((await names.load()).get(5)).toBe('new');
  });

  test('knows no names without the file', async () => {
    using folder = new TestFolder();
    expect((await new AccountNames(folder.file('absent')).load()).size).toBe(0);
  });
});
