import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODE_VARIABLES } from '../../src/lib/cli/outer-environment.ts';
import { copyPackage, OWN_NODE_PATH } from '../support/package-copy.ts';
import { NOBODY, ours, projectRoot, run } from '../support/programs.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spirekit-launcher-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const installCopy = (): string => copyPackage(folder);

const environment = { ...process.env, PATH: OWN_NODE_PATH };

describe('a launcher', () => {
  it('finds its package through symbolic links, relative ones too', async () => {
    symlinkSync(ours.agent, join(folder, 'first'));
    symlinkSync('first', join(folder, 'second'));
    const result = await run(join(folder, 'second'), ['--version']);
    expect(result).toMatchObject({ code: 0, stderr: '1.15.3\n' });
  });

  it('finds its package when a shell reads it in its own folder', async () => {
    const result = await run('sh', ['spire-agent', '--version'], { cwd: join(projectRoot, 'bin') });
    expect(result).toMatchObject({ code: 0, stderr: '1.15.3\n' });
  });

  it('uses the Node of the PATH where the package has none', async () => {
    const result = await run(join(installCopy(), 'bin/spirekit'), ['version'], { env: environment });
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['spire-agent', ['api', 'watch', '-h'], false],
    ['spire-agent', ['api', 'watch', '-write', '/x', '-h'], true],
    ['spirekit', ['api', 'watch', '-h'], true],
    ['spirekit', ['exec', '-h'], true],
  ])('starts %s %j without compiled code, which takes room: %s', async (program, args, isWithout) => {
    const shown = await run('sh', ['-x', join(projectRoot, 'bin', program), ...args]);
    expect(/^\+ exec .*$/m.exec(shown.stderr)?.[0].includes('--jitless')).toBe(isWithout);
  });

  it('says what to do where nothing has been built', async () => {
    const root = join(folder, 'package');
    cpSync(join(projectRoot, 'bin'), join(root, 'bin'), { recursive: true });
    for (const program of ['spirekit', 'spire-agent', 'spire-server']) {
      const stderr = `${program} is not built yet; run \`npm ci\` in ${root}\n`;
      expect(await run(join(root, 'bin', program), ['-h'])).toEqual({ code: 1, stdout: '', stderr });
    }
  });

  it('says in one line that a Node is too old', async ({ skip }) => {
    const old = (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((directory) => join(directory, 'node'))
      .filter((candidate) => existsSync(candidate));
    for (const node of old) {
      const version = (await run(node, ['--version'])).stdout.trim();
      if (!/^v(1[4-9]|2[01])\./.test(version)) continue;
      const result = await run(node, [join(projectRoot, 'dist/main/spirekit.cjs'), 'version']);
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/^spirekit needs Node 22\.13 or later; this is Node \S+ \(\S+\)\n$/);
      return;
    }
    skip('no Node older than 22 on the PATH');
  });
});

describe('variables for Node', () => {
  it('are the same in the launchers and in the programs', () => {
    const list = /^for name in (.*?); do$/ms.exec(readFileSync(join(projectRoot, 'bin/launch.sh'), 'utf8'))?.[1];
    expect(list?.match(/\w+/g)).toEqual([...NODE_VARIABLES]);
  });

  it.each(Object.values(ours))('make %s load nothing, write nothing and fail nowhere', async (program) => {
    const marker = join(folder, 'marker');
    writeFileSync(join(folder, 'evil.cjs'), `require('node:fs').writeFileSync(${JSON.stringify(marker)}, '');`);
    for (const package_ of ['koffi', '@oclif/core']) {
      mkdirSync(join(folder, 'modules', package_), { recursive: true });
      cpSync(join(folder, 'evil.cjs'), join(folder, 'modules', package_, 'index.js'));
    }
    writeFileSync(
      join(folder, 'openssl.cnf'),
      'nodejs_conf = a\n[a]\nproviders = b\n[b]\nnone = c\n[c]\nmodule = /none\n',
    );
    const before = readdirSync(folder);
    const result = await run(program, ['--version'], {
      env: {
        ...process.env,
        NODE_OPTIONS: `--require=${join(folder, 'evil.cjs')} --cpu-prof --cpu-prof-dir=${folder}`,
        NODE_PATH: join(folder, 'modules'),
        NODE_COMPILE_CACHE: join(folder, 'cache'),
        NODE_V8_COVERAGE: join(folder, 'coverage'),
        NODE_REDIRECT_WARNINGS: join(folder, 'warnings'),
        NODE_EXTRA_CA_CERTS: '/none',
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        NODE_DEBUG: 'module,net',
        OPENSSL_CONF: join(folder, 'openssl.cnf'),
      },
    });
    expect(result).toEqual(await run(program, ['--version']));
    expect(readdirSync(folder)).toEqual(before);
  });

  it('make the help of spirekit load no plugin of somebody else', async () => {
    const plugin = join(folder, 'spirekit/node_modules/evil');
    mkdirSync(plugin, { recursive: true });
    const plugins = [{ name: 'evil', type: 'user', tag: 'latest' }];
    writeFileSync(join(folder, 'spirekit/package.json'), JSON.stringify({ name: 'x', oclif: { schema: 1, plugins } }));
    writeFileSync(
      join(plugin, 'package.json'),
      JSON.stringify({ name: 'evil', version: '1.0.0', oclif: { commands: '.' } }),
    );
    writeFileSync(
      join(plugin, 'index.js'),
      `require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'marker'))}, '');`,
    );
    const result = await run(ours.spirekit, ['--help'], { env: { ...process.env, XDG_DATA_HOME: folder } });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(folder)).toEqual(['spirekit']);
  });

  it('reach what `dev exec` runs unchanged', async () => {
    const env = {
      PATH: environment.PATH,
      NODE_OPTIONS: '--max-old-space-size=4096  --title="a b"',
      NODE_EXTRA_CA_CERTS: '',
      OPENSSL_CONF: "/a\nb'$(c)",
    };
    const script = 'console.log(JSON.stringify(process.env))';
    const result = await run(ours.spirekit, ['dev', 'exec', '--', process.execPath, '-e', script], { env });
    expect(result.stderr).toBe('');
    const seen: Record<string, string> = JSON.parse(result.stdout);
    expect(seen).toMatchObject({ ...env, PATH: expect.stringContaining(env.PATH) });
    expect(Object.keys(seen).filter((name) => name.startsWith('SPIREKIT_'))).toEqual([]);
  });

  it('stop a daemon that is started without its launcher', async () => {
    const program = join(projectRoot, 'dist/main/spire-server.cjs');
    const result = await run(process.execPath, ['--trace-warnings', '--max-old-space-size=500', program, 'run'], {
      env: { NODE_OPTIONS: '--no-warnings' },
      cwd: folder,
    });
    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'Node was started with NODE_OPTIONS, --trace-warnings, by which others can read or change what a daemon does: ' +
        'leave it out, or start the daemon by its launcher in bin/, which ignores variables for Node\n',
    });
  });
});

/** A folder with a `node` that is the real one, with a SIGUSR1 waiting for it since before its first instruction. */
function makeSignalledNode(): string {
  const directory = join(folder, 'signalled');
  mkdirSync(directory);
  writeFileSync(join(directory, 'pending'), `#!/bin/sh\nkill -USR1 $$\nexec '${process.execPath}' "$@"\n`, {
    mode: 0o755,
  });
  writeFileSync(
    join(directory, 'node'),
    `#!/bin/sh\nexec env --default-signal=USR1 --block-signal=USR1 '${join(directory, 'pending')}' "$@"\n`,
    { mode: 0o755 },
  );
  return directory;
}

describe('SIGUSR1 before the first line of a program', () => {
  it('opens no debugger', async ({ skip }) => {
    const tried = await run('env', ['--default-signal=USR1', '--block-signal=USR1', 'true']);
    skip(tried.code !== 0, 'env cannot block signals here');
    const root = installCopy();
    const env = { ...process.env, PATH: [makeSignalledNode(), process.env['PATH']].join(delimiter) };
    const control = await run('node', ['--inspect-port=0', '-e', 'setTimeout(() => {}, 200)'], { env });
    expect(control.stderr).toContain('Debugger listening on');
    for (const [program, args] of [
      ['spire-agent', ['--version']],
      ['spire-agent', ['run', '-config', '/none']],
      ['spirekit', ['dev', 'exec', '--', 'true']],
    ] as const) {
      const { stderr } = await run(join(root, 'bin', program), args, { env });
      expect(stderr).not.toContain('Debugger listening');
    }
  });

  it('stops a daemon that is started without its launcher', async ({ skip }) => {
    const tried = await run('env', ['--default-signal=USR1', '--block-signal=USR1', 'true']);
    skip(tried.code !== 0, 'env cannot block signals here');
    const env = { ...process.env, PATH: [makeSignalledNode(), process.env['PATH']].join(delimiter) };
    const result = await run('node', ['--inspect-port=0', join(projectRoot, 'dist/main/spire-server.cjs'), 'run'], {
      env,
      cwd: folder,
    });
    expect([result.code, result.stdout]).toEqual([1, '']);
    expect(result.stderr).toContain('a debugger was open while the daemon started');
  });
});

describe('the compile cache', () => {
  it('is made for its owner alone and used', async () => {
    const root = installCopy();
    await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment });
    expect(statSync(join(root, '.cache')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(root, '.cache'))).not.toEqual([]);
  });

  it('of the umbrella, which has hundreds of files, lies apart from what the drop-ins look through', async () => {
    const root = installCopy();
    await run(join(root, 'bin/spirekit'), ['version'], { env: environment });
    expect(existsSync(join(root, '.cache'))).toBe(false);
    expect(statSync(join(root, '.cache-umbrella')).mode & 0o777).toBe(0o700);
  });

  it.each([0o777, 0o770, 0o701])('is left alone when its folder is open to others (mode %o)', async (mode) => {
    const root = installCopy();
    mkdirSync(join(root, '.cache'));
    chmodSync(join(root, '.cache'), mode);
    const result = await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment });
    expect(result.code).toBe(0);
    expect(readdirSync(join(root, '.cache'))).toEqual([]);
  });

  it.each(['file', 'link', 'folder', 'hard link'])('is left alone with a foreign %s in it', async (kind) => {
    const root = installCopy();
    await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment });
    const cache = join(root, '.cache');
    const inner = join(cache, readdirSync(cache)[0] ?? '');
    for (const name of readdirSync(inner)) rmSync(join(inner, name));
    const path = join(inner, 'planted');
    if (kind === 'link') symlinkSync(inner, path);
    else if (kind === 'folder') mkdirSync(path);
    else {
      writeFileSync(path, '', { mode: kind === 'file' ? 0o666 : 0o600 });
      chmodSync(path, kind === 'file' ? 0o666 : 0o600);
      if (kind === 'hard link') linkSync(path, join(root, 'elsewhere'));
    }
    expect((await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment })).code).toBe(0);
    expect(readdirSync(inner)).toEqual(['planted']);
  });

  it('is left alone with a file of another user in it', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'giving files to other users needs root');
    const root = installCopy();
    await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment });
    const cache = join(root, '.cache');
    chownSync(join(cache, readdirSync(cache)[0] ?? ''), NOBODY, NOBODY);
    const before = readdirSync(cache, { recursive: true });
    await run(join(root, 'bin/spire-server'), ['-h'], { env: environment });
    expect(readdirSync(cache, { recursive: true })).toEqual(before);
  });

  it('is left alone when its folder is a link', async () => {
    const root = installCopy();
    mkdirSync(join(folder, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(folder, 'elsewhere'), join(root, '.cache'));
    await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment });
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
  });
});
