import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../support/deployment.ts';
import { type Finished, ours, projectRoot, run } from '../support/programs.ts';

/** The shell blocks of the page, in their order. */
const [settings = '', functions = '', backUp = '', restore = '', ...others] = [
  ...readFileSync(join(projectRoot, 'docs/backup.md'), 'utf8').matchAll(/```sh\n(.*?)```/gs),
].map(([, block = '']) => block);

let folder: string;
let socket: string;
let shell: Shell;

/** One shell in which the documented lines are typed. */
class Shell implements AsyncDisposable {
  readonly #child;
  #output = '';
  #wake: () => void = () => {};
  #count = 0;

  constructor(cwd: string) {
    const env = { ...process.env, PATH: `${projectRoot}/bin${delimiter}${process.env['PATH'] ?? ''}` };
    this.#child = spawn('sh', { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#wake();
      });
    }
  }

  /** Types lines; resolves with what they printed when the last of them is done. */
  async type(lines: string): Promise<string> {
    const end = `--- ${++this.#count} done ---\n`;
    const from = this.#output.length;
    this.#child.stdin.write(`${lines}\nprintf '%s\\n' '${end.trim()}'\n`);
    while (!this.#output.includes(end, from)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#output.slice(from).replace(end, '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.type('kill -0 "$server" 2> /dev/null && stop_server');
    this.#child.stdin.end();
    await new Promise((resolve) => this.#child.once('close', resolve));
  }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backup-'));
  socket = join(folder, 'run/api.sock');
  mkdirSync(join(folder, 'conf/server'), { recursive: true });
  const config = readFileSync(join(projectRoot, 'conf/server/server.conf'), 'utf8')
    .replace('bind_port = 8081', `bind_port = ${await freePort()}\n    socket_path = "${socket}"`)
    .replace('data_dir =', 'ratelimit { attestation = false }\n    data_dir =');
  writeFileSync(join(folder, 'conf/server/server.conf'), config);
  shell = new Shell(folder);
  await shell.type(settings.replace(/^socket=.*$/m, `socket=${socket}`));
  await shell.type(functions);
  await shell.type('start_server');
});
afterEach(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const server = (...args: string[]): Promise<Finished> => run(ours.server, [...args, '-socketPath', socket]);
const at = (path: string): string => join(folder, path);
const roots = async (): Promise<string> => (await server('bundle', 'show')).stdout;

async function createEntry(path: string): Promise<void> {
  const ids = ['-spiffeID', `spiffe://example.org${path}`, '-parentID', 'spiffe://example.org/host'];
  expect((await server('entry', 'create', ...ids, '-selector', 'unix:uid:1')).code).toBe(0);
}

/** Another authority signs from now on. */
async function rotate(): Promise<void> {
  const prepared = await server('localauthority', 'x509', 'prepare', '-output', 'json');
  const id: unknown = JSON.parse(prepared.stdout).prepared_authority.authority_id;
  expect((await server('localauthority', 'x509', 'activate', '-authorityID', String(id))).code).toBe(0);
}

describe('the documented backup', () => {
  it('is all that the page shows', () => {
    expect([settings, functions, backUp, restore].every((block) => block !== '')).toBe(true);
    expect(others).toEqual([]);
  });

  it('brings everything back as it was, under the root that it had, and the server goes on', async () => {
    await createEntry('/before');
    const before = await roots();
    expect(await shell.type(backUp)).toBe('');
    const [archive = '', ...more] = readdirSync(at('backups'));
    expect([more, statSync(at(`backups/${archive}`)).mode & 0o777]).toEqual([[], 0o600]);

    await createEntry('/since');
    await rotate();
    await rotate();
    const since = await roots();
    expect(since.split('BEGIN').length).toBe(before.split('BEGIN').length + 2);
    const modes = (): Record<string, string> =>
      Object.fromEntries(
        ['', 'datastore.sqlite3', 'keys.json', 'spirekit-server.json'].map((name) => [
          name,
          (statSync(at(`data/server/${name}`)).mode & 0o777).toString(8),
        ]),
      );
    const modesBefore = modes();

    expect(await shell.type(restore)).toBe(before);
    expect(modes()).toEqual(modesBefore);
    const shown = (await server('entry', 'show')).stdout;
    expect(shown).toContain('spiffe://example.org/before');
    expect(shown).not.toContain('spiffe://example.org/since');
    expect((await server('x509', 'mint', '-spiffeID', 'spiffe://example.org/x', '-write', folder)).code).toBe(0);
    expect(readFileSync(at('bundle.pem'), 'utf8')).toBe(before);
    await createEntry('/after');
    expect(readdirSync(at('data')).sort()).toEqual(['server', 'server.before-restore']);
  });

  it('brings back a server that was killed and whose folder is gone', async () => {
    const before = await roots();
    await shell.type(backUp);
    await shell.type('kill -KILL "$server"; wait "$server"; rm -r "$data"');
    expect(await shell.type(restore)).toContain(before);
    await createEntry('/after');
  });

  it.each(['keys.json', 'datastore.sqlite3'])(
    'is refused by halves: %s of an older backup beside what came later, and nothing changes',
    async (name) => {
      await shell.type(backUp);
      await rotate();
      await rotate();
      await rotate();
      await shell.type('stop_server; mkdir old; tar -C old -xpf "$archive"');
      await shell.type(`cp -p old/${name} "$data/${name}"`);
      const contents = (): Buffer[] =>
        ['keys.json', 'datastore.sqlite3'].map((each) => readFileSync(at(`data/server/${each}`)));
      const before = contents();
      await shell.type('start_server');
      expect(readFileSync(at('server.log'), 'utf8')).toContain('Restore the keys and the datastore from one backup');
      expect(contents()).toEqual(before);
    },
  );
});
