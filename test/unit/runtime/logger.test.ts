import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { goQuote } from '../../../src/lib/runtime/go-quote.ts';
import { formatLogEntry } from '../../../src/lib/runtime/log-format.ts';
import { LOG_LEVELS, parseLogLevel } from '../../../src/lib/runtime/log-level.ts';
import { fileOutput, type LogOutput, streamOutput } from '../../../src/lib/runtime/log-output.ts';
import { redactSecrets } from '../../../src/lib/runtime/log-value.ts';
import { DaemonLogger } from '../../../src/lib/runtime/logger.ts';

const TIME_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 60);
const clock = { nowMs: () => TIME_MS };

let previousZone: string | undefined;
beforeEach(() => {
  previousZone = process.env['TZ'];
  process.env['TZ'] = 'UTC';
});
afterEach(() => {
  if (previousZone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = previousZone;
});

function memoryOutput(): LogOutput & { lines: string[] } {
  const lines: string[] = [];
  return { lines, write: (line) => void lines.push(line), reopen() {}, [Symbol.dispose]() {} };
}

describe('formatLogEntry', () => {
  const entry = { timeMs: TIME_MS, level: 'info', message: 'Plugin loaded', fields: {} } as const;

  test('writes the default form with whole seconds and sorted fields', () => {
    const fields = { plugin_type: 'KeyManager', external: false, subsystem_name: 'catalog', path: '/a b' };
    expect(formatLogEntry('default', { ...entry, fields })).toBe(
      'time="2026-01-02T03:04:05Z" level=info msg="Plugin loaded" external=false path="/a b" plugin_type=KeyManager subsystem_name=catalog\n',
    );
  });

  test('writes fractions in the text form and leaves an empty message out', () => {
    expect(formatLogEntry('text', { ...entry, message: '', fields: { n: 1n } })).toBe(
      'time="2026-01-02T03:04:05.06Z" level=info n=1\n',
    );
  });

  test('writes JSON with sorted members and harmless inside HTML', () => {
    const line = formatLogEntry('json', { ...entry, message: '<&>', fields: { error: new Error('no "way"') } });
    expect(line).toBe(
      '{"error":"no \\"way\\"","level":"info","msg":"\\u003c\\u0026\\u003e","time":"2026-01-02T03:04:05.06Z"}\n',
    );
  });

  test('shows the offset of the local zone', () => {
    process.env['TZ'] = 'Asia/Kolkata';
    expect(formatLogEntry('default', entry)).toContain('time="2026-01-02T08:34:05+05:30"');
  });

  test('keeps fields that clash with its own names apart', () => {
    const line = formatLogEntry('default', { ...entry, fields: { msg: 'x', level: 'y', time: 'z' } });
    expect(line).toContain('fields.level=y fields.msg=x fields.time=z');
  });

  test('prints lists, missing values, bytes, dates and objects without their contents', () => {
    const fields = { list: ['a', 2], none: undefined, bytes: new Uint8Array(3), at: new Date(TIME_MS), odd: { a: 1 } };
    expect(formatLogEntry('default', { ...entry, fields })).toContain(
      'at="2026-01-02 03:04:05.06 +0000 UTC" bytes="<3 bytes>" list="[a 2]" none="<nil>" odd="[object Object]"',
    );
  });

  test('shows moments in the local zone, as Go prints them and in JSON by RFC 3339', () => {
    const fields = { at: new Date(TIME_MS), list: [new Date(TIME_MS)], odd: new Date(Number.NaN) };
    process.env['TZ'] = 'America/St_Johns';
    expect(formatLogEntry('default', { ...entry, fields })).toContain(
      'at="2026-01-01 23:34:05.06 -0330 -0330" list="[2026-01-01 23:34:05.06 -0330 -0330]" odd="<invalid date>"',
    );
    expect(formatLogEntry('json', { ...entry, fields })).toContain(
      '{"at":"2026-01-01T23:34:05.06-03:30","level":"info","list":["2026-01-01T23:34:05.06-03:30"],"msg"',
    );
  });

  test('never writes a secret, by name, by kind or inside a text', () => {
    const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln';
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const fields = { join_token: 'abc-def', key: privateKey, note: `got ${jwt}`, error: new Error(pem) };
    for (const format of ['default', 'text', 'json'] as const) {
      const line = formatLogEntry(format, { ...entry, message: `token ${jwt}`, fields });
      expect(line).not.toContain('abc-def');
      expect(line).not.toContain('eyJ');
      expect(line).not.toContain('PRIVATE KEY');
    }
  });

  test('is always one line that a reader splits back into the same fields', () => {
    const name = fc
      .stringMatching(/^[a-z][a-z_]{0,10}$/)
      .filter((key) => !/token|secret|svid|key|pass|cred|auth/.test(key));
    const level = fc.constantFrom(...LOG_LEVELS);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(name, fc.string({ unit: 'binary' })),
        level,
        (message, fields, level) => {
          const text = formatLogEntry('text', { timeMs: TIME_MS, level, message, fields });
          expect(text.endsWith('\n')).toBe(true);
          expect(text.slice(0, -1)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
          const words = readTextLine(text.slice(0, -1));
          expect(words.get('msg') ?? '').toBe(message);
          for (const [key, value] of Object.entries(fields)) {
            if (!['time', 'msg', 'level'].includes(key)) expect(words.get(key)).toBe(value);
          }
          const json: unknown = JSON.parse(formatLogEntry('json', { timeMs: TIME_MS, level, message, fields }));
          expect(json).toMatchObject({ msg: message, level });
        },
      ),
    );
  });

  test('a field name cannot forge another field or line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (key) => {
        const line = formatLogEntry('default', { ...entry, fields: { [key]: 'v' } });
        expect(line.split('\n')).toHaveLength(2);
        expect(readTextLine(line.slice(0, -1)).size).toBe(4);
      }),
    );
  });
});

describe('goQuote', () => {
  test.each([
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\x00\x07\b\t\n\v\f\r\x1b\x7f', '"\\x00\\a\\b\\t\\n\\v\\f\\r\\x1b\\x7f"'],
    ['é 日本 😀', '"é 日本 😀"'],
    ['\u0085\u00a0\u200b\u2028\ufeff\u{e0001}', '"\\u0085\\u00a0\\u200b\\u2028\\ufeff\\U000e0001"'],
    ['\ud800', '"\ufffd"'],
  ])('%j becomes %s', (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });
});

describe('DaemonLogger', () => {
  test('drops what is above its level and follows a change at run time, also in derived loggers', () => {
    const output = memoryOutput();
    const logger = new DaemonLogger({ output, clock, level: 'warning' });
    const derived = logger.with({ subsystem_name: 'ca' }).with({ slot: 'A' });
    derived.info('hidden');
    logger.level = 'debug';
    derived.debug('shown', { slot: 'B' });
    logger.resetLevel();
    derived.info('hidden again');
    derived.error('failed', { error: new Error('why') });
    expect(output.lines).toEqual([
      'time="2026-01-02T03:04:05Z" level=debug msg=shown slot=B subsystem_name=ca\n',
      'time="2026-01-02T03:04:05Z" level=error msg=failed error=why slot=A subsystem_name=ca\n',
    ]);
    expect(logger.launchLevel).toBe('warning');
  });

  test('each level lets through itself and what is more severe', () => {
    for (const [index, level] of LOG_LEVELS.entries()) {
      const output = memoryOutput();
      const logger = new DaemonLogger({ output, clock, level });
      for (const each of LOG_LEVELS) logger.log(each, each);
      expect(output.lines).toHaveLength(index + 1);
    }
  });

  test('writes to a stream and outlives a reader that went away', () => {
    const stream = new PassThrough();
    const output = streamOutput(stream);
    using logger = new DaemonLogger({ output, clock });
    logger.info('one');
    stream.emit('error', new Error('EPIPE'));
    stream.destroy();
    logger.info('two');
    logger.reopen();
    expect(stream.read()?.toString() ?? '').not.toContain('two');
  });
});

describe('fileOutput', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('appends with mode 0640 and goes on in a fresh file after rotation', () => {
    const path = join(folder, 'server.log');
    const umask = process.umask(0o022);
    const output = fileOutput(path);
    process.umask(umask);
    output.write('one\n');
    renameSync(path, `${path}.1`);
    output.write('two\n');
    output.reopen();
    output.write('three\n');
    output[Symbol.dispose]();
    output.write('four\n');
    output.reopen();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\ntwo\n');
    expect(readFileSync(path, 'utf8')).toBe('three\n');
    expect(statSync(`${path}.1`).mode & 0o777).toBe(0o640);
  });

  test('says which file cannot be opened', () => {
    expect(() => fileOutput(join(folder, 'no', 'such.log'))).toThrow(
      expect.objectContaining({ code: 'io-error', message: expect.stringContaining('such.log') }),
    );
  });

  test('keeps the old file when the new one cannot be opened', () => {
    const inner = join(folder, 'inner');
    const output = (() => {
      rmSync(inner, { recursive: true, force: true });
      return fileOutput(join(mkdtempSync(inner), 'a.log'));
    })();
    output.write('one\n');
    for (const name of [folder]) renameSync(name, `${name}-moved`);
    expect(() => output.reopen()).toThrow(expect.objectContaining({ code: 'io-error' }));
    output.write('two\n');
    output[Symbol.dispose]();
    renameSync(`${folder}-moved`, folder);
  });
});

describe('parseLogLevel', () => {
  test('reads every level in any case and warn as warning', () => {
    for (const level of LOG_LEVELS) expect(parseLogLevel(level.toUpperCase())).toBe(level);
    expect(parseLogLevel('Warn')).toBe('warning');
  });

  test('refuses anything else as logrus does', () => {
    expect(() => parseLogLevel('loud')).toThrow('not a valid logrus Level: "loud"');
  });
});

/** A reader of the text form that is independent of the writer. */
function readTextLine(line: string): Map<string, string> {
  const words = new Map<string, string>();
  for (const match of line.matchAll(/([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?: |$)/gu)) {
    const [, key = '', quoted, plain = ''] = match;
    words.set(key, quoted === undefined ? plain : unquote(quoted));
  }
  return words;
}

function unquote(text: string): string {
  const short: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
  return text.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g,
    (_all, x: string | undefined, u: string | undefined, long: string | undefined, other: string | undefined) =>
      other === undefined ? String.fromCodePoint(Number.parseInt(x ?? u ?? long ?? '', 16)) : (short[other] ?? other),
  );
}

describe('redactSecrets', () => {
  const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln';

  /** The rule as two patterns; the second takes time in the square of what it reads. */
  const PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g;
  const TOKEN = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g;

  test('takes out what the plain rule takes out', () => {
    const key = '-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----';
    const piece = fc.constantFrom(
      JWT,
      key,
      'eyJ',
      'eyJhbGciOiJ',
      '.',
      '-',
      'a',
      ' ',
      'é',
      '-----BEGIN ',
      'PRIVATE KEY-----',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const text = pieces.join('');
        const plainly = text.replace(PEM, '<redacted>').replace(TOKEN, '<redacted>');
        expect(redactSecrets(text)).toBe(plainly);
      }),
      { numRuns: 3_000 },
    );
  });

  test('needs time in the length of a text only: what a caller sends cannot stop the daemon', () => {
    const text = '-eyJaaaaaaaa'.repeat(300_000);
    expect(redactSecrets(text)).toBe(text);
    expect(redactSecrets(`${text} ${JWT}`)).toBe(`${text} <redacted>`);
  });
});

describe('goQuote on any text', () => {
  test('is one line that only its own quotes end, and that JSON reads back where it needs no escape of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const quoted = goQuote(text);
        expect(quoted).toMatch(/^"(?:[^"\\\p{Cc}]|\\(?:[abfnrtv"\\]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*"$/u);
        if (!/\\[avxU]/.test(quoted)) expect(JSON.parse(quoted)).toBe(text.toWellFormed());
      }),
    );
  });
});
