import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import {
  type Finished,
  findOnPath,
  findRealSpire,
  ours,
  type Programs,
  projectRoot,
  run,
} from '../support/programs.ts';

const real = findRealSpire();
const python = findOnPath('python3');
const daemons: readonly [string, Programs | undefined][] = [
  ['of spirekit', ours],
  [real === undefined ? 'of SPIRE (skipped: SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name none)' : 'of SPIRE', real],
];

const ENTERED = '\u001b[?1049h\u001b[?25l';
const LEFT = '\u001b[?25h\u001b[?1049l';
const HINT = 'q quit';

describe.each(daemons)('top on a server and an agent %s', (_, programs) => {
  describe.skipIf(programs === undefined)('that run', () => {
    let deployment: Deployment;
    beforeAll(async () => {
      deployment = await Deployment.open(programs === undefined ? {} : { daemons: programs });
      await deployment.startAgent();
    });
    afterAll(() => deployment[Symbol.asyncDispose]());

    const args = (): string[] => [
      ...['top', '--interval', '200ms', '--socket-path', deployment.serverSocket],
      ...['--admin-socket-path', deployment.adminSocket],
    ];
    /** On a terminal of 100 x 24; each step waits for a text and then types, sends a signal or changes the size. */
    const onTerminal = (steps: readonly (readonly [text: string, keys: string])[]): Promise<Finished> =>
      run(python ?? '', [join(projectRoot, 'test/support/terminal.py'), '100', '24', ours.spirekit, ...args()], {
        stdin: steps.map(([text, keys]) => `(${JSON.stringify(text)}, ${JSON.stringify(keys)})\n`).join(''),
      });

    test('prints one frame without a terminal, as text and as data', async () => {
      const once = await run(ours.spirekit, args());
      expect(once.code).toBe(0);
      expect(once.stdout).toMatch(/^spirekit top .*Z\n/);
      expect(once.stdout).toContain('1 agent (1 active), 1 entry, 0 federated bundles');
      expect(once.stdout).toMatch(/X\.509 active +\[#{20}\] ends in/);
      expect(once.stdout).not.toContain('\u001b');
      const data = JSON.parse((await run(ours.spirekit, [...args(), '--output', 'json'])).stdout);
      expect(data).toMatchObject({ schema: 'top/v1', server: { entries: 1, agents: [{ state: 'active' }] } });
      expect(data.agent.agent_id).toBe(data.server.agents[0].agent_id);
    });

    test('says what does not answer, and shows the rest', async () => {
      const away = await run(ours.spirekit, [
        'top',
        '--once',
        '--socket-path',
        deployment.serverSocket,
        '--admin-socket-path',
        '/absent.sock',
      ]);
      expect(away.code).toBe(3);
      expect(away.stdout).toContain('no such file or directory');
      expect(away.stdout).toContain('Server   example.org');
    });

    describe.skipIf(python === undefined)('on a terminal (needs python3)', () => {
      test('draws, follows keys and size, and gives the terminal back as it was', async () => {
        const { code, stdout } = await onTerminal([
          [HINT, '3'],
          [HINT, '\u001b[B'],
          [HINT, 'SIZE60x16'],
          [HINT, 'q'],
        ]);
        expect(code, stdout).toBe(0);
        expect(stdout.startsWith(ENTERED)).toBe(true);
        expect(stdout.endsWith(LEFT)).toBe(true);
        const frames = stdout.split('\u001b[H').slice(1);
        expect(frames[0]).toContain('SPIFFE ID');
        const last = frames.at(-1)?.replace(LEFT, '') ?? '';
        const lines = last.split('\n').map((line) => line.replaceAll(/\u001b\[[KJ]|\r/g, ''));
        expect(lines.length).toBeLessThanOrEqual(16);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
      });

      test.each([
        ['SIGTERM', 143],
        ['SIGHUP', 129],
        ['\u0003', 0],
      ])('gives the terminal back at %j', async (end, expected) => {
        const { code, stdout } = await onTerminal([[HINT, end]]);
        expect(code, stdout).toBe(expected);
        expect(stdout.endsWith(LEFT)).toBe(true);
      });
    });
  });
});
