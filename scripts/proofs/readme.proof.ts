import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findOnPath, projectRoot, run } from '../../test/support/programs.ts';
import { type Proof, type ProofResult, skipped, verdict } from './proof.ts';

/** The newest major that is out of support: the README's commands must work on it as they stand. */
const OLD_MAJOR = 20;

export const proof: Proof = {
  shows: `a fresh clone with only Node ${OLD_MAJOR} and npm: the README's two commands, and openssl agrees with the SVID`,
  async run() {
    const node = await findOldNode();
    if (node === undefined) return skipped(`no Node ${OLD_MAJOR} on the PATH`);
    const npm = findOnPath('npm');
    if (npm === undefined || findOnPath('openssl') === undefined) return skipped('npm or openssl is not on the PATH');
    const work = mkdtempSync(join(tmpdir(), 'spirekit-readme-'));
    // Other users' processes are part of the tests.
    chmodSync(work, 0o755);
    try {
      return await inFreshClone(work, node, npm);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

async function inFreshClone(work: string, node: string, npm: string): Promise<ProofResult> {
  const tools = join(work, 'tools');
  mkdirSync(tools);
  symlinkSync(node, join(tools, 'node'));
  symlinkSync(npm, join(tools, 'npm'));
  const clone = join(work, 'clone');
  await run('git', ['clone', '--quiet', projectRoot, clone]);
  const path = [tools, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter);
  const [demo, tests] = readmeCommands(readFileSync(join(clone, 'README.md'), 'utf8'));
  if (demo === undefined || tests === undefined) return verdict(false, 'the README does not begin with two commands');

  const shown = await runLoudly(demo, clone, path);
  const svid = join(clone, 'demo-svid/svid.0.pem');
  const bundle = join(clone, 'demo-svid/bundle.0.pem');
  if (shown.code !== 0 || !existsSync(svid)) return verdict(false, `${demo}: exit ${shown.code}`);
  const verified = await run('openssl', ['verify', '-CAfile', bundle, '-untrusted', svid, svid]);
  const text = await run('openssl', ['x509', '-in', svid, '-noout', '-ext', 'subjectAltName']);
  const id = /URI:(spiffe:\S+)/.exec(text.stdout)?.[1];
  if (verified.code !== 0 || id === undefined) return verdict(false, `openssl: ${verified.stderr}${text.stderr}`);

  const tested = await runLoudly(tests, clone, path);
  const closing = tested.output.trim().split('\n').at(-1) ?? '';
  const agent = await run(join(clone, 'bin/spire-agent'), ['--version'], { env: { PATH: path } });
  const server = await run(join(clone, 'bin/spire-server'), ['--version'], { env: { PATH: path } });
  const called = agent.code === 0 && server.code === 0;
  const holds = tested.code === 0 && /^tests: [1-9]\d* passed, 0 failed/.test(closing) && called;
  return verdict(holds, `${id} verified by openssl; ${closing}; bin called directly: ${called ? 'works' : 'fails'}`);
}

/** The first command of each of the README's first two shell blocks. */
function readmeCommands(readme: string): string[] {
  return [...readme.matchAll(/```sh\n(.*)\n/g)].slice(0, 2).map((match) => match[1] ?? '');
}

/** A Node of the old major on the PATH, whichever folder it lies in. */
async function findOldNode(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, 'node');
    if (!existsSync(candidate)) continue;
    const version = await run(candidate, ['--version']);
    if (version.stdout.startsWith(`v${OLD_MAJOR}.`)) return candidate;
  }
  return undefined;
}

function runLoudly(command: string, cwd: string, path: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    // npm hands its own settings down to what it runs; the newcomer's shell has none of them.
    const clean = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD)/i.test(name));
    const child = spawn('sh', ['-c', command], {
      cwd,
      env: { ...Object.fromEntries(clean), PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
      process.stdout.write(chunk);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
