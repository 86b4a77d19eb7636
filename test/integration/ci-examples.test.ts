import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findOnPath, ours, projectRoot, run } from '../support/programs.ts';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');

interface Step {
  readonly shell: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: string;
}

const action: { inputs: Record<string, { default?: string }>; runs: { using: string; steps: readonly Step[] } } = parse(
  read('examples/ci/github/action.yml'),
);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spirekit-ci-'));
  mkdirSync(join(folder, 'spirekit/bin'), { recursive: true });
  symlinkSync(ours.spirekit, join(folder, 'spirekit/bin/spirekit'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the second step as the runner does: inputs go into its variables, and bash reads its script. */
function runAction(inputs: Readonly<Record<string, string>>) {
  const step = action.runs.steps[1];
  if (step === undefined) throw new Error('the action has no second step');
  const inputsIn = (text: string): string =>
    text.replace(
      /\$\{\{ inputs\.([a-z-]+) \}\}/g,
      (_, name: string) => inputs[name] ?? action.inputs[name]?.default ?? '',
    );
  const variables = Object.fromEntries(Object.entries(step.env).map(([name, text]) => [name, inputsIn(text)]));
  const env = { PATH: process.env['PATH'], HOME: folder, RUNNER_TEMP: folder, ...variables };
  return run('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', step.run], { cwd: folder, env });
}

describe('the GitHub action', () => {
  it('keeps inputs out of its scripts, where they would be commands', () => {
    expect(action.runs.using).toBe('composite');
    for (const { run: script } of action.runs.steps) expect(script).not.toContain('${{');
    expect(action.runs.steps[0]?.run).toContain('npm install --global --ignore-scripts');
  });

  it('runs what a job wants inside a trust domain, with the identities that are named', async () => {
    const identity = `web=unix:uid:${process.getuid?.() ?? 0}\ndb=unix:uid:4242\n`;
    const script = 'spirekit api fetch x509 --output name\nspirekit entry count';
    const done = await runAction({ run: script, identity, 'trust-domain': 'ci.test' });
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(/^spiffe:\/\/ci\.test\/web\n/);
  });

  it('fails as the job does, at the first command that fails', async () => {
    const done = await runAction({ run: 'echo first; (exit 7); echo "never $(id)"' });
    expect(done).toMatchObject({ code: 7, stdout: 'first\n' });
  });
});

describe('the examples', () => {
  it.each(['github/action.yml', 'github/workflow.yml', 'gitlab/gitlab-ci.yml'])(
    '%s is on the page as it is in the folder',
    (path) => {
      expect(read('docs/ci.md')).toContain(`\`\`\`yaml\n${read(`examples/ci/${path}`)}\`\`\`\n`);
    },
  );

  it('do what they say: the job of GitLab, and the workflow of GitHub', async ({ skip }) => {
    if (findOnPath('openssl') === undefined) return skip('openssl is not on the PATH');
    const gitlab: { identity: { script: readonly string[] } } = parse(read('examples/ci/gitlab/gitlab-ci.yml'));
    const env = { PATH: `${join(folder, 'spirekit/bin')}:${process.env['PATH']}`, HOME: folder };
    const job = await run('sh', ['-e', '-c', gitlab.identity.script.join('\n')], { cwd: folder, env });
    expect(job).toMatchObject({ code: 0, stdout: expect.stringContaining('svid.0.pem: OK') });
    const workflow: { jobs: { test: { steps: readonly { with?: Record<string, string> }[] } } } = parse(
      read('examples/ci/github/workflow.yml'),
    );
    const script = workflow.jobs.test.steps.at(-1)?.with?.['run'] ?? '';
    const done = await runAction({ run: script });
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('svid.0.pem: OK') });
  });
});
