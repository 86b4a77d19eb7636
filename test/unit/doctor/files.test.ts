import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDaemonArguments } from '../../../src/lib/doctor/daemon-arguments.ts';
import { parseOpenFileLimit } from '../../../src/lib/doctor/open-file-limit.ts';
import { parseSqliteHeader, SQLITE_HEADER_BYTES } from '../../../src/lib/doctor/sqlite-header.ts';

describe('parseDaemonArguments', () => {
  test('finds flags however they are written', () => {
    const words = fc.stringMatching(/^[a-zA-Z0-9/._ ]{0,20}$/);
    const names = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,10}$/);
    fc.assert(
      fc.property(names, words, fc.constantFrom('-', '--'), fc.boolean(), (name, value, dashes, isOneWord) => {
        const flags = isOneWord ? [`${dashes}${name}=${value}`] : [`${dashes}${name}`, value];
        const cmdline = ['/opt/spire-agent', 'run', ...flags, ''].join('\0');
        expect(parseDaemonArguments(cmdline).flags.get(name)).toBe(value);
      }),
    );
  });

  test('takes any text, and two spellings of a flag for one', () => {
    fc.assert(fc.property(fc.string(), (text) => parseDaemonArguments(text).flags.size <= 1000));
    const { flags } = parseDaemonArguments('a\0run\0-expandEnv\0--data-dir\0x\0-config\0one\0-config=two\0--\0-x\0y\0');
    expect([...flags]).toEqual([
      ['expandEnv', ''],
      ['dataDir', 'x'],
      ['config', 'two'],
    ]);
  });
});

describe('parseSqliteHeader', () => {
  test('reads the size of a database from its head', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 9, max: 16 }),
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        fc.boolean(),
        (power, pages, isReliable) => {
          const head = Buffer.alloc(SQLITE_HEADER_BYTES);
          head.write('SQLite format 3\0', 'latin1');
          const pageSize = 2 ** power;
          head.writeUInt16BE(pageSize === 65_536 ? 1 : pageSize, 16);
          head.writeUInt32BE(7, 24);
          head.writeUInt32BE(pages, 28);
          head.writeUInt32BE(isReliable ? 7 : 6, 92);
          expect(parseSqliteHeader(head)).toEqual({ pageSize, pages: isReliable ? pages : undefined });
        },
      ),
    );
  });

  test('refuses what is no database', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => parseSqliteHeader(bytes) === undefined));
    expect(parseSqliteHeader(Buffer.from('SQLite format 3\0'))).toBeUndefined();
  });
});

describe('parseOpenFileLimit', () => {
  test('finds the soft limit among the others', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.string(), (soft, hard, before) => {
        const text = `Limit Soft Limit Hard Limit Units\n${before.replaceAll('M', '')}\nMax open files   ${soft}   ${hard}   files\n`;
        expect(parseOpenFileLimit(text)).toBe(soft);
      }),
    );
    expect(
      parseOpenFileLimit('Max open files            unlimited            unlimited            files\n'),
    ).toBeUndefined();
    expect(parseOpenFileLimit('')).toBeUndefined();
  });
});
