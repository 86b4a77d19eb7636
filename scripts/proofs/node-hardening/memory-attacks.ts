import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment } from '../../../test/support/deployment.ts';
import { OWN_NODE_PATH } from '../../../test/support/package-copy.ts';
import { NOBODY, ours, run, whyNoOtherUsers } from '../../../test/support/programs.ts';
import type { Ledger } from './ledger.ts';

/** Crashes daemons by these signals with core files allowed, and looks into their memory from a process of their user. */
export async function attackMemory(ledger: Ledger, crashes: readonly NodeJS.Signals[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spirekit-cores-'));
  try {
    await crashDaemons(ledger, folder, crashes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await readMemory(ledger);
}

async function crashDaemons(ledger: Ledger, folder: string, crashes: readonly NodeJS.Signals[]): Promise<void> {
  // Who crashes cleans up nothing, so what it makes goes into a folder of this proof.
  const env = { ...process.env, TMPDIR: join(folder, 'tmp') };
  mkdirSync(env.TMPDIR);
  const start = (cwd: string, program: string, args: readonly string[]): ChildProcess => {
    mkdirSync(cwd);
    return spawn('sh', ['-c', 'ulimit -c unlimited; exec "$0" "$@"', program, ...args], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };
  const sleeper = ['-e', 'console.log("ready"); setInterval(() => {}, 1000)'];
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  const plain = await crash(start(join(folder, 'plain'), process.execPath, sleeper), 'SIGABRT', join(folder, 'plain'));
  const control = 'a crash makes a plain Node leave its memory in a core file';
  if (/^[|/]/.test(pattern) && plain.length === 0) ledger.untried(control, `core_pattern is ${pattern}`);
  else ledger.control(control, plain.length > 0);
  await using deployment = await Deployment.open();
  await deployment.startAgent();
  await deployment.stopAgent();
  await deployment.stopServer();
  for (const signal of crashes) {
    for (const [name, program, args] of [
      ['server', ours.server, ['run', '-config', join(deployment.folder, 'server.conf')]],
      ['agent', ours.agent, ['run', '-config', join(deployment.folder, 'agent.conf')]],
      ['dev', ours.spirekit, ['dev', 'exec', '--', 'sh', '-c', 'echo $$; exec sleep 60']],
    ] as const) {
      const cwd = join(folder, `${name}-${signal}`);
      const left = await crash(start(cwd, program, args), signal, cwd);
      ledger.check(
        `${signal} of ${program.split('/').at(-1)} ${args[0]} with unlimited core files left ${left.length} files`,
        left.length === 0,
      );
    }
  }
}

/** Sends the signal when the daemon has said something; resolves with the files that are there after its end. */
async function crash(child: ChildProcess, signal: NodeJS.Signals, cwd: string): Promise<string[]> {
  const ended = once(child, 'exit');
  const [said] = child.stdout === null ? [] : await Promise.race([once(child.stdout, 'data'), ended]);
  child.kill(signal);
  await ended;
  // The command of `dev exec` says its process id, and outlives it.
  const orphan = /^(\d+)\n$/.exec(String(said))?.[1];
  if (orphan !== undefined) process.kill(Number(orphan));
  return readdirSync(cwd);
}

/** As a user without rights: a command within `dev exec` tries the memory of the daemons around it. */
async function readMemory(ledger: Ledger): Promise<void> {
  const obstacle = await whyNoOtherUsers();
  if (obstacle !== undefined) return ledger.untried('reading the memory of a daemon', obstacle);
  const asNobody = { uid: NOBODY, gid: NOBODY, cwd: '/', env: { PATH: OWN_NODE_PATH } };
  const look = (pid: string): string =>
    `for file in mem environ maps auxv syscall; do head -c 1 /proc/${pid}/$file > /dev/null 2>&1 && echo read $file; done`;
  const plain = await run('sh', ['-c', `node -e 'setTimeout(() => {}, 2000)' & ${look('$!')}; kill $!`], asNobody);
  ledger.control('the memory map of a plain Node can be read by its user', plain.stdout.includes('read maps'));
  const script = `${look('$PPID')}; spire-agent api fetch x509 -silent -instance dev && echo fetched`;
  const shielded = await run(ours.spirekit, ['dev', 'exec', '--', 'sh', '-c', script], asNobody);
  ledger.check(
    `a workload of the daemons' own user reads their memory or environment: ${JSON.stringify(shielded.stdout.trim())}`,
    shielded.stdout === 'fetched\n',
  );
}
