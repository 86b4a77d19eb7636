import { describe, expect, it } from 'vitest';
import { describeUncaught } from '../../../src/lib/cli/uncaught-errors.ts';
import { run } from '../../support/programs.ts';

describe('an error that nobody caught', () => {
  it('is told by its name and message, without what was being read or thrown', () => {
    expect(describeUncaught(new TypeError('x is not a function'))).toBe('TypeError: x is not a function');
    expect(describeUncaught('hunter2')).toBe('a value of type string was thrown');
    try {
      JSON.parse('hunter2');
    } catch (error) {
      expect(describeUncaught(error)).toBe('SyntaxError');
    }
  });

  it('ends a daemon with 1 and its last words in the log, without its secrets', async () => {
    const lib = new URL('../../../src/lib/', import.meta.url).href;
    const program = `
      const { endOnUncaughtError } = await import('${lib}cli/uncaught-errors.ts');
      const { DaemonLogger } = await import('${lib}runtime/logger.ts');
      const { streamOutput } = await import('${lib}runtime/log-output.ts');
      const { systemClock } = await import('${lib}runtime/clock.ts');
      const output = streamOutput(process.stdout);
      const log = new DaemonLogger({ output, clock: systemClock, level: 'info', format: 'text' });
      endOnUncaughtError(log, ['Fatal run error', 'Server crashed']);
      const failure = Object.assign(new Error('broken'), { key: 'hunter2', cause: 'hunter2' });
      Promise.reject(failure);
      setInterval(() => {}, 1000);`;
    const result = await run(process.execPath, ['--input-type=module', '-e', program]);
    expect([result.code, result.stderr]).toEqual([1, '']);
    const lines = result.stdout.trimEnd().split('\n');
    expect(lines.map((line) => /msg="(.*?)" error="(.*?)" stack="at /.exec(line)?.slice(1))).toEqual([
      ['Fatal run error', 'Error: broken'],
      ['Server crashed', 'Error: broken'],
    ]);
    expect(result.stdout).not.toContain('hunter2');
  });
});
