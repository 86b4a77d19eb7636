import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/lib/runtime/exit-codes.ts';
import { Deployment } from '../support/deployment.ts';
import { type Finished, ours, run } from '../support/programs.ts';

let deployment: Deployment;

/** Runs `spirekit` where the sockets of the deployment are found without being named. */
function spirekit(...args: string[]): Promise<Finished> {
  return run(ours.spirekit, args, { cwd: deployment.folder, env: environment() });
}

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: deployment.folder,
    SPIRE_SERVER_PRIVATE_SOCKET: deployment.serverSocket,
    SPIRE_AGENT_PUBLIC_SOCKET: deployment.agentSocket,
  };
}

const entry = (name: string) => ({
  entry_id: name,
  spiffe_id: `spiffe://example.org/${name}`,
  parent_id: 'spiffe://example.org/host',
  selectors: [{ type: 'unix', value: `user:${name}` }],
});

function writeEntries(file: string, entries: readonly object[]): void {
  writeFileSync(join(deployment.folder, file), JSON.stringify({ entries }));
}

beforeAll(async () => {
  deployment = await Deployment.open();
  await deployment.startAgent();
  writeEntries('first.json', [entry('first')]);
  writeEntries('some.json', [{ ...entry('second') }, { ...entry('third'), spiffe_id: 'spiffe://other.example/third' }]);
  expect(await spirekit('entry', 'create', '--data', 'first.json')).toMatchObject({ code: 0 });
  const admin = await spirekit('x509', 'mint', '--spiffe-id', 'spiffe://example.org/nobody', '--write', '.');
  expect(admin).toMatchObject({ code: 0 });
});

afterAll(() => deployment?.[Symbol.asyncDispose]());

/** What ends so, on a live server and agent; the error's name where there is one. */
const CASES: readonly (readonly [name: keyof typeof EXIT_CODES, error: string, line: string])[] = [
  ['ok', '', 'entry show'],
  ['other', 'failed-precondition', 'upstreamauthority taint --subject-key-id 0a'],
  ['other', 'io-error', 'jwt mint --spiffe-id spiffe://example.org/x --audience a --write absent/token'],
  ['usage', 'usage', 'entry show --nosuchflag'],
  ['usage', 'invalid-spiffe-id', 'entry show --spiffe-id web'],
  ['unreachable', 'unavailable', 'entry show --socket-path absent.sock'],
  ['noIdentity', 'no-identity', 'api fetch x509'],
  ['noIdentity', 'no-identity', 'api fetch jwt --audience a --raw --wait 200ms'],
  ['permission', 'permission-denied', 'entry show --server-addr ADDRESS --caller-svid .'],
  ['notFound', 'not-found', 'entry show --entry-id absent'],
  ['exists', 'already-exists', 'entry create --data first.json'],
  ['partlyDone', 'partial-failure', 'entry create --data some.json'],
  ['invalid', 'invalid-jwt-svid', 'api validate jwt --audience a --svid nonsense'],
  ['wouldChange', '', 'entry plan -f plan.json'],
];

describe('exit codes', () => {
  it.each(CASES)('%s: %s by `%s`', async (name, error, line) => {
    writeEntries('plan.json', [entry('planned')]);
    const words = line.replace('ADDRESS', `127.0.0.1:${deployment.port}`).split(' ');
    const { code, stderr } = await spirekit(...words);
    expect({ code, stderr }).toEqual({
      code: EXIT_CODES[name],
      stderr: error === '' ? '' : expect.stringMatching(new RegExp(`\\(SPK-1\\d{3} ${error}\\)`)),
    });
  });

  it('timeout: deadline-exceeded by an agent that does not answer', async () => {
    const pid = deployment.agentPid;
    if (pid === undefined) throw new Error('no agent runs');
    process.kill(pid, 'SIGSTOP');
    try {
      const { code, stderr } = await spirekit('api', 'fetch', 'x509', '--timeout', '300ms');
      expect(stderr).toContain('(SPK-1016 deadline-exceeded)');
      expect(code).toBe(EXIT_CODES.timeout);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('128 and the number of the signal that stopped it: api watch by SIGINT, dev exec by SIGTERM', async () => {
    const watching = stopWhenItSpeaks(['api', 'watch'], 'SIGINT');
    const running = stopWhenItSpeaks(['dev', 'exec', '--', 'sh', '-c', 'echo ready >&2; exec sleep 60'], 'SIGTERM');
    expect(await watching).toBe(128 + constants.signals.SIGINT);
    expect(await running).toBe(128 + constants.signals.SIGTERM);
  });

  it('dev exec ends as its command does, with 126 and 127 for what cannot be run', async () => {
    expect(await spirekit('dev', 'exec', '--', 'sh', '-c', 'exit 42')).toMatchObject({ code: 42 });
    expect(await spirekit('dev', 'exec', '--', './first.json')).toMatchObject({ code: 126 });
    expect(await spirekit('dev', 'exec', '--', './absent')).toMatchObject({ code: 127 });
  });

  it('are all reached', () => {
    const reached = new Set<string>([...CASES.map(([name]) => name), 'timeout']);
    expect([...reached].toSorted()).toEqual(Object.keys(EXIT_CODES).toSorted());
  });

  it('are 0 and 1 on the drop-ins', async () => {
    for (const words of [
      ['entry', 'show', '-entryID', 'absent'],
      ['entry', 'create', '-data', 'first.json'],
      ['entry', 'show', '-nosuchflag'],
    ]) {
      expect(await run(ours.server, words, { cwd: deployment.folder, env: environment() })).toMatchObject({ code: 1 });
    }
  });

  it('wait: an identity that comes while a job waits for it, and F23, an agent that comes back meanwhile', async () => {
    const waiting = spirekit('api', 'fetch', 'jwt', '--audience', 'a', '--raw', '--wait', '50s');
    const selector = `unix:uid:${process.getuid?.() ?? 0}`;
    await deployment.createEntry('/late', [selector], '-entryID', 'late');
    const { code, stdout, stderr } = await waiting;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const { stdout: validated } = await spirekit('api', 'validate', 'jwt', '--audience', 'a', '--svid', stdout);
    expect(validated).toContain('spiffe://example.org/late');
    await deployment.stopAgent();
    const waitingForAgent = spirekit('api', 'fetch', 'x509', '--output', 'name', '--wait', '50s');
    await deployment.startAgent({ token: false });
    expect(await waitingForAgent).toEqual({ code: 0, stdout: 'spiffe://example.org/late\n', stderr: '' });
  });
});

/** Sends the signal once the program has written something; resolves with its exit code. */
function stopWhenItSpeaks(args: readonly string[], signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(ours.spirekit, args, { cwd: deployment.folder, env: environment(), timeout: 60_000 });
    child.stdout.resume();
    child.stderr.once('data', () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', resolve);
  });
}
