import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigNotice } from '../../../src/lib/config/config-notice.ts';
import { formatNotices } from '../../../src/lib/config/format-notices.ts';
import { isLevelEnabled } from '../../../src/lib/runtime/log-level.ts';

const notices: ConfigNotice[] = [
  { level: 'info', message: 'fine', fields: {} },
  { level: 'error', message: 'Unknown configuration detected', fields: { section: 'agent', keys: 'a,b' } },
];
const settings = { logLevel: 'info', logFormat: 'default', logFile: undefined, logSourceLocation: false } as const;

describe('notices as log lines', () => {
  it('look like those of a daemon', () => {
    const [first, second] = formatNotices(notices, settings, 0).split('\n');
    expect(first).toMatch(/^time="?1970-01-01T.* level=info msg=fine$/);
    expect(second).toMatch(/ level=error msg="Unknown configuration detected" keys="a,b" section=agent$/);
  });

  it('are left out below the level', () => {
    expect(formatNotices(notices, { ...settings, logLevel: 'warning' }, 0)).not.toContain('fine');
  });

  it('are not shown if the log is a file or nobody knows where it is', () => {
    expect(formatNotices(notices, { ...settings, logFile: 'x' }, 0)).toBe('');
    expect(formatNotices(notices, undefined, 0)).toBe('');
  });

  it('are one line each at their level or above, in every format and whatever they hold', () => {
    const notice = fc.record({
      level: fc.constantFrom('info', 'warning', 'error'),
      message: fc.string({ unit: 'binary' }),
      fields: fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean())),
    });
    const logLevel = fc.constantFrom('error', 'warning', 'info', 'debug');
    const logFormat = fc.constantFrom('default', 'text', 'json');
    fc.assert(
      fc.property(fc.array(notice), logLevel, logFormat, (given, threshold, format) => {
        const shown = given.filter(({ level }) => isLevelEnabled(threshold, level));
        const text = formatNotices(given, { ...settings, logLevel: threshold, logFormat: format }, 0);
        const lines = text.split('\n');
        expect(lines.pop()).toBe('');
        expect(lines).toHaveLength(shown.length);
        if (format !== 'json') return;
        const levels = lines.map((line) => Reflect.get(JSON.parse(line), 'level'));
        expect(levels).toEqual(shown.map(({ level }) => level));
      }),
    );
  });
});
