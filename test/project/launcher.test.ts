import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ours, projectRoot, run } from '../support/programs.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spirekit-launcher-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the package as an install lays it out, without a Node of its own. */
function installCopy(): string {
  const root = join(folder, 'package');
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(projectRoot, part), join(root, part), { recursive: true });
  return root;
}

/** The Node of this test, first on the PATH. */
const environment = { ...process.env, PATH: [join(process.execPath, '..'), process.env['PATH']].join(delimiter) };

describe('a launcher', () => {
  it('finds its package through symbolic links, relative ones too', async () => {
    symlinkSync(ours.agent, join(folder, 'first'));
    symlinkSync('first', join(folder, 'second'));
    const result = await run(join(folder, 'second'), ['--version']);
    expect(result).toMatchObject({ code: 0, stderr: '1.15.3\n' });
  });

  it('uses the Node of the PATH where the package has none', async () => {
    const result = await run(join(installCopy(), 'bin/spirekit'), ['version'], { env: environment });
    expect(result).toMatchObject({ code: 0, stderr: '' });
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

describe('the compile cache', () => {
  it('is made for its owner alone and used', async () => {
    const root = installCopy();
    await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment });
    expect(statSync(join(root, '.cache')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(root, '.cache'))).not.toEqual([]);
  });

  it.each([0o777, 0o770, 0o701])('is left alone when its folder is open to others (mode %o)', async (mode) => {
    const root = installCopy();
    mkdirSync(join(root, '.cache'));
    chmodSync(join(root, '.cache'), mode);
    const result = await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment });
    expect(result.code).toBe(0);
    expect(readdirSync(join(root, '.cache'))).toEqual([]);
  });

  it('is left alone when its folder is a link', async () => {
    const root = installCopy();
    mkdirSync(join(folder, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(folder, 'elsewhere'), join(root, '.cache'));
    await run(join(root, 'bin/spire-agent'), ['-h'], { env: environment });
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
  });
});
