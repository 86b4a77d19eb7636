import { chmodSync, cpSync, existsSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { type Finished, NOBODY, projectRoot, run } from './programs.ts';

/** A Workload API client written with somebody else's library. */
export interface Client {
  readonly name: string;
  readonly command: string;
  readonly prefix: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  call(args: readonly string[], caller: { uid: number; socket: string }): Promise<Finished>;
}

function client(name: string, command: string, prefix: readonly string[], environment: NodeJS.ProcessEnv): Client {
  return {
    name,
    command,
    prefix,
    environment,
    call: (args, { uid, socket }) =>
      run(command, [...prefix, ...args], {
        uid,
        gid: uid,
        env: { ...environment, SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` },
      }),
  };
}

/** Builds the go-spiffe client below a folder that any user can reach. Needs Go and the Go module proxy. */
export async function prepareGoClient(folder: string): Promise<Client> {
  return client('go-spiffe', await buildGoProgram(folder, '.'), [], { PATH: process.env['PATH'] });
}

/** Builds a program of `test/clients/go`, named by its package, below a folder that any user can reach; returns its path. */
export async function buildGoProgram(folder: string, name: '.' | './soak' | './mtls'): Promise<string> {
  chmodSync(folder, 0o755);
  const program = join(folder, name === '.' ? 'go-client' : basename(name));
  const built = await run('go', ['build', '-o', program, name], {
    cwd: join(projectRoot, 'test/clients/go'),
    timeoutMs: 600_000,
  });
  if (built.code !== 0) throw new Error(`the Go program ${name} does not build: ${built.stderr}`);
  return program;
}

/** Installs py-spiffe below a folder that any user can reach. Needs Python and PyPI. */
export async function preparePythonClient(folder: string): Promise<Client> {
  chmodSync(folder, 0o755);
  const python = await findPythonFor(NOBODY);
  if (python === undefined) throw new Error('no Python on the PATH that other users can start');
  const packages = join(folder, 'packages');
  const made = await run(
    'python3',
    ['-m', 'pip', '--python', python, 'install', '-q', '--target', packages, 'spiffe==0.3.2'],
    { timeoutMs: 600_000 },
  );
  if (made.code !== 0) throw new Error(`py-spiffe does not install: ${made.stderr}`);
  const script = join(folder, 'client.py');
  cpSync(join(projectRoot, 'test/clients/python/client.py'), script);
  // -S keeps the distribution's own packages out, which may not go with what was installed.
  return client('py-spiffe', python, ['-S', script], {
    PATH: process.env['PATH'],
    PYTHONPATH: packages,
    PYTHONDONTWRITEBYTECODE: '1',
  });
}

/** A Python that a user without rights can start: one in root's home folder is of no use here. */
async function findPythonFor(uid: number): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, 'python3');
    if (!existsSync(candidate)) continue;
    const tried = await run(candidate, ['-c', 'print(1)'], { uid, gid: uid, cwd: '/' }).catch(() => undefined);
    if (tried?.code === 0) return candidate;
  }
  return undefined;
}

/** Both clients. */
export async function prepareClients(folder: string): Promise<Client[]> {
  return [await prepareGoClient(folder), await preparePythonClient(folder)];
}
