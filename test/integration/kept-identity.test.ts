import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findRealSpire, ours, run } from '../support/programs.ts';
import { untilIdentity } from '../support/workload-caller.ts';
import { isAlive, until } from '../unit/supervise/until.ts';

const real = findRealSpire();
const ID = 'spiffe://example.org/web';

const DAEMONS = [
  { name: 'ours', daemons: ours, isMissing: false },
  {
    name: real === undefined ? 'a real SPIRE (SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name none)' : 'a real SPIRE',
    daemons: real ?? ours,
    isMissing: real === undefined,
  },
];

interface Event {
  readonly event: string;
}

/** An `api watch` whose events are collected. */
class Watching implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  #text = '';

  constructor(args: readonly string[], cwd: string) {
    this.child = spawn(ours.spirekit, ['api', 'watch', '--output', 'json', ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ended = new Promise((resolve) => this.child.on('exit', (code) => resolve(code)));
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
    });
  }

  get events(): Event[] {
    return this.#text
      .split('\n')
      .slice(0, -1)
      .map((line): Event => JSON.parse(line));
  }

  saw(event: string, times = 1): Promise<true> {
    return until(() => this.events.filter((one) => one.event === event).length >= times || undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
  }
}

describe.each(DAEMONS)('with the daemons of $name', ({ daemons, isMissing }) => {
  let deployment: Deployment;
  let entryId: string;

  beforeAll(async () => {
    if (isMissing) return;
    deployment = await Deployment.open({ daemons });
    entryId = await deployment.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`]);
    await deployment.startAgent();
    await untilIdentity(deployment.agentSocket, ID);
  });

  afterAll(async () => {
    await deployment?.[Symbol.asyncDispose]();
  });

  const socket = (): string[] => ['--socket-path', deployment.agentSocket];

  it.skipIf(isMissing)('exec runs a command with an identity that goes with it', async () => {
    const folder = join(deployment.folder, 'exec');
    mkdirSync(folder);
    const line = 'cat "$1" "$PGSSLCERT"; test -O "$SPIREKIT_KEY" && test -s "$AWS_WEB_IDENTITY_TOKEN_FILE" && exit 5';
    const args = [
      'exec',
      '--dir',
      folder,
      '--jwt-audience',
      'a',
      ...socket(),
      '--',
      'sh',
      '-c',
      line,
      '{spiffe_id}',
      '{key}',
    ];
    const done = await run(ours.spirekit, args);
    expect([done.code, done.stderr]).toEqual([5, '']);
    const certificate = new X509Certificate(done.stdout.slice(done.stdout.indexOf('-----BEGIN CERTIFICATE')));
    expect(certificate.checkPrivateKey(createPrivateKey(done.stdout))).toBe(true);
    expect(readdirSync(join(folder, readdirSync(folder)[0] ?? ''))).toEqual([]);
  });

  it.skipIf(isMissing)('what a killed exec has left is taken away by the next', async () => {
    const folder = join(deployment.folder, 'killed');
    mkdirSync(folder);
    const script = `echo $$ > ${folder}/pid; exec sleep 600`;
    const killed = spawn(ours.spirekit, ['exec', '--dir', folder, ...socket(), '--', 'sh', '-c', script], {
      stdio: 'ignore',
    });
    const pid = Number(await until(() => /\d+\n/.exec(readFileSync(join(folder, 'pid'), 'utf8'))?.[0]));
    killed.kill('SIGKILL');
    await until(() => (killed.signalCode === null ? undefined : true));
    process.kill(pid, 'SIGKILL');
    const parent = join(folder, readdirSync(folder).find((name) => name.startsWith('spirekit-exec-')) ?? '');
    expect(readdirSync(parent).length).toBe(1);
    expect((await run(ours.spirekit, ['exec', '--dir', folder, ...socket(), '--', 'true'])).code).toBe(0);
    expect(readdirSync(parent)).toEqual([]);
    expect(isAlive(pid)).toBe(false);
  });

  it.skipIf(isMissing)(
    'F23, F24: api watch bears a restart of the agent, and keeps files when the entry is deleted',
    async () => {
      const folder = join(deployment.folder, 'watch');
      mkdirSync(folder);
      const hook = 'test -s "$SPIREKIT_DIR/svid_key.pem" && echo $SPIREKIT_CHANGED >> runs';
      await using watching = new Watching(['--write', 'id', '--layout', 'helper', '--exec', hook, ...socket()], folder);
      await watching.saw('hook-ran');
      expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('x509,bundle\n');
      await deployment.stopAgent();
      await watching.saw('stream-failed');
      await deployment.startAgent({ token: false });
      await watching.saw('reconnected');
      const deleted = await deployment.server('entry', 'delete', '-entryID', entryId);
      expect(deleted.code).toBe(0);
      await watching.saw('revoked');
      expect(existsSync(join(folder, 'id/svid_key.pem'))).toBe(true);
      watching.child.kill('SIGTERM');
      expect(await watching.ended).toBe(0);
      expect(watching.events.find(({ event }) => event === 'revoked')).toMatchObject({ code: 'SPK-7101' });
      const runs = readFileSync(join(folder, 'runs'), 'utf8').split('\n');
      expect(runs.length - 1).toBe(watching.events.filter(({ event }) => event === 'hook-ran').length);
    },
  );
});
