import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot, run } from '../../support/programs.ts';

const spirekit = `"${process.execPath}" "${join(projectRoot, 'src/main/spirekit.ts')}"`;

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
