import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHclogLine } from '../../../../src/lib/catalog/external/hclog-line.ts';
import { PluginLog } from '../../../../src/lib/catalog/external/plugin-log.ts';
import { pluginLogger } from '../../../../src/lib/plugin/plugin-logger.ts';
import { MemoryLog } from '../../agent/support.ts';

describe('parseHclogLine', () => {
  test('reads what go-hclog writes', () => {
    const line =
      '{"@level":"info","@message":"Key made","@module":"x","@timestamp":"2026-01-02T03:04:05.000000Z","n":1,"ok":true,"list":[1]}';
    expect(parseHclogLine(line)).toEqual({
      level: 'info',
      message: 'Key made',
      fields: { '@module': 'x', timestamp: '2026-01-02T03:04:05.000000Z', n: 1, ok: true, list: '[1]' },
    });
  });

  test.each([
    ['plain text', 'debug'],
    ['[WARN] careful', 'warn'],
    ['[ERROR] broken', 'error'],
    ['panic: told to', 'error'],
    ['fatal error: all goroutines are asleep', 'error'],
    ['{"@level":"loud","@message":"x"}', 'debug'],
    ['{"@level":"info","@message":7}', 'debug'],
    ['{"no":"hclog"}', 'debug'],
    ['{"@level":"info",', 'debug'],
  ])('takes %j for a message at %s', (line, level) => {
    expect(parseHclogLine(line)).toEqual({ level, message: line, fields: {} });
  });

  test('takes what follows a panic for a part of it', () => {
    expect(parseHclogLine('goroutine 1 [running]:', { inPanic: true }).level).toBe('error');
  });

  test('bounds what a plugin says', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 'x'.repeat(10_000)]));
    const { message, fields } = parseHclogLine(
      JSON.stringify({ '@level': 'info', '@message': 'm'.repeat(20_000), ...many, [`n${'n'.repeat(100)}`]: 1 }),
    );
    expect(message.length).toBeLessThan(8_200);
    expect(Object.keys(fields)).toHaveLength(32);
    expect(Object.values(fields).every((value) => String(value).length < 8_200)).toBe(true);
  });

  test('reads back what a plugin in TypeScript logs', () => {
    const value = fc.oneof(fc.string({ maxLength: 100 }), fc.integer(), fc.boolean());
    const fields = fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,20}$/).filter((name) => name !== 'timestamp'),
      value,
      { maxKeys: 10, noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.constantFrom('debug', 'info', 'warn', 'error'), fc.string(), fields, (level, message, given) => {
        let line = '';
        pluginLogger({ write: (text) => (line += text) })[level](message, given);
        const { timestamp, ...others } = parseHclogLine(line.trimEnd()).fields;
        expect(parseHclogLine(line.trimEnd())).toMatchObject({ level, message });
        expect(others).toEqual(given);
        expect(timestamp).toEqual(expect.any(String));
      }),
    );
  });

  test('makes a line of anything', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        const { level, message } = parseHclogLine(line);
        expect(['trace', 'debug', 'info', 'warn', 'error']).toContain(level);
        expect(typeof message).toBe('string');
      }),
    );
  });
});

describe('PluginLog', () => {
  test('names the plugin, whatever the plugin says of itself, and keeps a too long line short', () => {
    const log = new MemoryLog();
    const lines = new PluginLog(
      log.with({ plugin_name: 'real', plugin_type: 'KeyManager' }),
      'real',
      '/opt/real-plugin',
    );
    const spoof = { '@level': 'info', '@message': 'm', plugin_name: 'other', subsystem_name: 'other', trace: 1 };
    lines.push(Buffer.from(`${JSON.stringify(spoof)}\n\n{"@level":"trace","@message":"no"}\n`));
    lines.push(Buffer.alloc(200_000, 'x'));
    lines.push(Buffer.from('\nlast'));
    lines.end();
    expect(log.lines.map(({ level, fields }) => [level, fields['plugin_name'], fields['subsystem_name']])).toEqual([
      ['info', 'real', 'real.real-plugin'],
      ['debug', 'real', 'real.real-plugin'],
      ['debug', 'real', 'real.real-plugin'],
    ]);
    expect(log.messages()[1]?.length).toBeLessThan(8_200);
    expect(lines.lastLine).toBe('last');
  });

  test('keeps the reason of a panic, not the end of its stack, as the last word', () => {
    const log = new MemoryLog();
    const lines = new PluginLog(log, 'p', '/p');
    lines.push(Buffer.from('panic: told to\n\ngoroutine 1 [running]:\nmain.main()\n'));
    expect(lines.lastLine).toBe('panic: told to');
    expect(new Set(log.lines.map(({ level }) => level))).toEqual(new Set(['error']));
  });
});
