import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { type Finished, findOnPath, ours, projectRoot, run } from '../support/programs.ts';

const python = findOnPath('python3');

describe.skipIf(python === undefined)('a person on a terminal (needs python3)', () => {
  test('is asked before a step of a rotation, and nothing is done without a yes', async () => {
    await using deployment = await Deployment.open();
    const step = (answer: string): Promise<Finished> => {
      const words = ['authority', 'rotate', '--step', '--socket-path', deployment.serverSocket];
      const args = [join(projectRoot, 'test/support/terminal.py'), '160', '40', ours.spirekit, ...words];
      return run(python ?? '', args, { stdin: `('[y/N] ', ${JSON.stringify(answer)})\n` });
    };
    const slots = async () => (await deployment.server('localauthority', 'x509', 'show')).stdout;
    for (const answer of ['n\n', '\n', 'yess\n', '\u0004']) {
      const declined = await step(answer);
      expect(declined.code, declined.stdout).toBe(10);
      expect(declined.stdout).toContain('Retire ');
      expect(await slots()).toContain('No prepared X.509 authority found');
    }
    expect((await step('\u0003')).code).toBe(130);
    expect(await slots()).toContain('No prepared X.509 authority found');
    expect((await step('y\n')).stdout).toContain('prepared a new X.509 authority');
    expect(await slots()).not.toContain('No prepared X.509 authority found');
  });
});
