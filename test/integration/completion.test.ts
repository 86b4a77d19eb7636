import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findOnPath, ours, run } from '../support/programs.ts';
import { atTerminal } from '../support/terminal-session.ts';

let deployment: Deployment;
let entryId: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  deployment = await Deployment.open();
  entryId = await deployment.createEntry('/billing', ['unix:uid:4242']);
  env = {
    PATH: `${dirname(ours.spirekit)}:${process.env['PATH']}`,
    HOME: deployment.folder,
    TERM: 'xterm',
    SPIRE_SERVER_PRIVATE_SOCKET: deployment.serverSocket,
  };
});
afterAll(() => deployment[Symbol.asyncDispose]());

/** A key that completes, typed behind each beginning; what has to appear then. Ctrl-U clears the line. */
const cases = (): readonly (readonly [typed: string, appears: string])[] => [
  ['spirekit bundle sh', 'ow '],
  ['spirekit entry show --spiffe', '-id '],
  ['spirekit entry show --spiffe-id spiffe://example.org/bil', 'ling '],
  ['spirekit entry show --spiffe-id=spiffe://example.org/bil', 'ling '],
  [`spirekit entry delete --entry-id ${entryId.slice(0, 8)}`, entryId.slice(8)],
  ['spirekit entry create --selector unix:ui', 'd:'],
  ['spirekit entry show --output ya', 'ml '],
];

const isRoot = process.getuid?.() === 0;

/** How each is started without anybody's settings, its first prompt, and what is typed to begin with. */
const shells = [
  [
    'bash',
    ['--norc', '--noprofile', '-i'],
    isRoot ? '# ' : '$ ',
    "source <(spirekit completion bash); bind 'set enable-bracketed-paste off'; PS1='G''O> '",
  ],
  [
    'zsh',
    ['-f', '-i'],
    isRoot ? '# ' : '% ',
    "autoload -Uz compinit; compinit -u -D; source <(spirekit completion zsh); PS1='G''O> '",
  ],
] as const;

describe.each(shells)('completion in %s', (shell, options, prompt, setUp) => {
  const missing = [shell, 'python3'].find((program) => findOnPath(program) === undefined);

  it.skipIf(missing !== undefined)(
    `offers what there is${missing === undefined ? '' : ` (${missing} is not on the PATH)`}`,
    async () => {
      for (const [typed, appears] of cases()) {
        // Each in a shell of its own: what one has cached or shown cannot stand in for the next.
        const shown = await atTerminal(
          [shell, ...options],
          [
            { until: prompt, type: `${setUp}\n` },
            { until: 'GO> ', type: `${typed}\t` },
            { until: appears.trim(), type: '\u0015exit\n' },
          ],
          { env, cwd: deployment.folder },
        );
        expect(shown).toContain('GO> ');
      }
    },
  );
});

describe('completion in fish', () => {
  const missing = findOnPath('fish') === undefined;

  it.skipIf(missing)(`offers what there is${missing ? ' (fish is not on the PATH)' : ''}`, async () => {
    for (const [typed, appears] of cases()) {
      const script = `spirekit completion fish | source; complete -C ${JSON.stringify(typed)}`;
      const { stdout, stderr } = await run('fish', ['--no-config', '-c', script], { env, cwd: deployment.folder });
      expect(stderr).toBe('');
      const last = typed.slice(typed.lastIndexOf(' ') + 1);
      expect(stdout).toContain(`${last}${appears.trim()}`);
    }
  });
});

describe('commands of the daemons', () => {
  it('are known too, which only the whole of the program holds', async () => {
    const args = ['completion', 'words', '--', 'agent', 'run', '--log-fi'];
    const done = await run(ours.spirekit, args, { env });
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^words\n--log-file\t/), stderr: '' });
  });
});

describe('without a server', () => {
  it('offers nothing, says nothing and does not keep a person waiting for an answer', async () => {
    const nowhere = { ...env, SPIRE_SERVER_PRIVATE_SOCKET: `${deployment.folder}/absent.sock` };
    const args = ['completion', 'words', '--', 'entry', 'show', '--spiffe-id', ''];
    expect(await run(ours.spirekit, args, { env: nowhere })).toEqual({ code: 0, stdout: 'words\n', stderr: '' });
  });
});
