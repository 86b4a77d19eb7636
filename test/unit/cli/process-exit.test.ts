import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot, run } from '../../support/programs.ts';

const spirekit = `"${process.execPath}" "${join(projectRoot, 'src/main/spirekit.ts')}"`;

describe('a program whose output cannot be written', () => {
  it.each(['version', '--help'])('says so in one line and exits 1 (%s)', async (words) => {
    const finished = await run('/bin/sh', ['-c', `${spirekit} ${words} > /dev/full`]);
    expect(finished).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Error: write /dev/stdout: no space left on device\n',
    });
  });
});

describe('a program whose reader goes away', () => {
  it('ends quietly', async () => {
    // `true` is gone long before the program has its list together.
    const finished = await run('/bin/sh', ['-c', `${spirekit} commands --output json | true`]);
    expect(finished).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('says nothing either when nobody reads its errors', async () => {
    const finished = await run('/bin/sh', ['-c', `${spirekit} nonsense 2>&1 | true`]);
    expect(finished).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
