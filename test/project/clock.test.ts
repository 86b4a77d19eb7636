import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/programs.ts';

/** What asks the real clock, or waits on it, behind the back of `Clock`. `setImmediate` waits for no time. */
const REAL_TIME =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\s*\.|\bset(?:Timeout|Interval)\b|\bhrtime\b|\bAbortSignal\.timeout\b|['"](?:node:)?timers(?:\/promises)?['"]|\bTemporal\.Now\b/;

/** Files that may, each with its reason. */
const MAY: Readonly<Record<string, string>> = {
  'src/lib/runtime/clock.ts': 'it is the clock',
};

/** Lines of a file that ask the real clock, comments left out. */
function realTimeIn(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"])\/\/.*$/gm, '');
  return code.split('\n').filter((line) => REAL_TIME.test(line));
}

describe('time', () => {
  const files = globSync(['src/**/*.ts', 'bin/*'], { cwd: projectRoot }).filter(
    (file) => !file.startsWith('src/lib/wire/gen/'),
  );

  it('F15: comes from one clock everywhere', () => {
    expect(files.length).toBeGreaterThan(100);
    const found = files
      .filter((file) => MAY[file] === undefined)
      .flatMap((file) => realTimeIn(readFileSync(join(projectRoot, file), 'utf8')).map((line) => `${file}: ${line}`));
    expect(found).toEqual([]);
  });

  it.each([
    'const now = Date.now();',
    'return new Date();',
    'setTimeout(done, 5);',
    'globalThis.setInterval(look, 5);',
    'const from = performance.now();',
    'process.hrtime.bigint();',
    'fetch(url, { signal: AbortSignal.timeout(5) });',
    "import { setTimeout } from 'node:timers/promises';",
  ])('is seen where it does not: %s', (line) => {
    expect(realTimeIn(line)).toEqual([line]);
  });

  it.each(['new Date(clock.nowMs())', '// as Date.now() does', '/** like setTimeout */', 'setImmediate(resolve)'])(
    'is not seen in %s',
    (line) => {
      expect(realTimeIn(line)).toEqual([]);
    },
  );
});
