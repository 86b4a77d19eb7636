import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this checkout. */
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The three programs of this checkout, as a user calls them. */
export const ours = {
  spirekit: join(projectRoot, 'bin/spirekit'),
  agent: join(projectRoot, 'bin/spire-agent'),
  server: join(projectRoot, 'bin/spire-server'),
} as const;

/** A pair of programs that answer to SPIRE's words. */
export interface Programs {
  readonly server: string;
  readonly agent: string;
}

/** Real SPIRE, where SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name its binaries. */
export function findRealSpire(environment: NodeJS.ProcessEnv = process.env): Programs | undefined {
  const server = environment['SPIRE_SERVER_BIN'];
  const agent = environment['SPIRE_AGENT_BIN'];
  if (server === undefined || agent === undefined || !existsSync(server) || !existsSync(agent)) return undefined;
  return { server, agent };
}

/** The full path of a program on the PATH. */
export function findOnPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A user with no rights of its own. */
export const NOBODY = 65_534;

/** Why no process of another user can be started from this checkout; undefined where it can. */
export async function whyNoOtherUsers(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'starting processes of other users needs root';
  const script = join(projectRoot, 'package.json');
  const args = ['-e', `require('node:fs').readFileSync(${JSON.stringify(script)})`];
  const tried = await run(process.execPath, args, { uid: NOBODY, gid: NOBODY, cwd: '/' }).catch(() => undefined);
  return tried?.code === 0 ? undefined : 'other users cannot reach the folder of this checkout';
}

/** How a finished process ended. `code` is null when a signal ended it. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a run may be given. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly stdin?: string;
  /** The process is killed after this time; default 60 s. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {
      // The program may end before it reads all of its input.
    });
    child.stdin.end(options.stdin ?? '');
  });
}

/** Runs a program until it has printed something that matches, then ends it with SIGTERM; returns what it printed. */
export function runUntil(program: string, args: readonly string[], pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
      if (pattern.test(output)) child.kill('SIGTERM');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}
