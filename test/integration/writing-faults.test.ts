import { spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findOnPath, ours, run } from '../support/programs.ts';
import { SmallDisk, whyNoMounts } from '../support/small-disk.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const noMounts = await whyNoMounts();
const FILES = ['bundle.0.pem', 'svid.0.key', 'svid.0.pem'];
let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.open();
  await deployment.startAgent();
  await deployment.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`]);
  await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
});
afterAll(() => deployment[Symbol.asyncDispose]());

const write = (folder: string) => deployment.agent(['api', 'fetch', 'x509', '-write', folder]);
const contents = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${name} ${(statSync(join(folder, name)).mode & 0o777).toString(8)} ${readFileSync(join(folder, name), 'utf8')}`,
    );

/** A new folder with a first set of files. */
async function writtenFolder(name: string): Promise<string> {
  const folder = join(deployment.folder, name);
  mkdirSync(folder);
  expect((await write(folder)).code).toBe(0);
  return folder;
}

/** Whether the certificate in the folder is that of the key there. */
function belongTogether(folder: string): boolean {
  const certificate = new X509Certificate(readFileSync(join(folder, 'svid.0.pem')));
  return certificate.checkPrivateKey(createPrivateKey(readFileSync(join(folder, 'svid.0.key'))));
}

describe('api fetch x509 -write', () => {
  it('F17: on a full disk leaves the old files, says so, exits 1, and writes again when there is room', async ({
    skip,
  }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(256);
    expect((await write(disk.path)).code).toBe(0);
    const before = contents(disk.path);
    disk.fill();
    const failed = await write(disk.path);
    expect([failed.code, failed.stderr]).toEqual([1, `write ${disk.path}/svid.0.pem: no space left on device\n`]);
    disk.free();
    expect(contents(disk.path)).toEqual(before);
    expect((await write(disk.path)).code).toBe(0);
    expect(readdirSync(disk.path).sort()).toEqual(FILES);
  });

  it('F17: where no file may grow leaves the old files, says so and exits 1', async ({ skip }) => {
    if (findOnPath('prlimit') === undefined) return skip('prlimit is not on the PATH');
    const folder = await writtenFolder('limited');
    const before = contents(folder);
    const args = ['api', 'fetch', 'x509', '-write', folder, '-socketPath', deployment.agentSocket];
    const failed = await run('prlimit', ['--fsize=100', ours.agent, ...args]);
    expect([failed.code, failed.stderr]).toEqual([1, `write ${folder}/svid.0.pem: file too large\n`]);
    expect(contents(folder)).toEqual(before);
  });

  it('F17: on a read-only disk leaves the old files, says so and exits 1', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(256);
    expect((await write(disk.path)).code).toBe(0);
    const before = contents(disk.path);
    await disk.makeReadOnly();
    const failed = await write(disk.path);
    expect([failed.code, failed.stderr]).toEqual([1, `open ${disk.path}/svid.0.pem: read-only file system\n`]);
    expect(contents(disk.path)).toEqual(before);
  });

  it('F17: removes what a killed run left', async () => {
    const folder = await writtenFolder('littered');
    const leftover = join(folder, '.svid.0.key.00112233445566aa.tmp');
    writeFileSync(leftover, 'half a key', { mode: 0o600 });
    utimesSync(leftover, 1_700_000_000, 1_700_000_000);
    expect((await write(folder)).code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(FILES);
  });

  it('F19: gives the files their modes under every umask', async () => {
    for (const umask of ['000', '077', '777']) {
      const folder = join(deployment.folder, `umask-${umask}`);
      mkdirSync(folder);
      const args = ['api', 'fetch', 'x509', '-write', folder, '-socketPath', deployment.agentSocket];
      const written = await run('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ours.agent, ...args]);
      expect(written.code).toBe(0);
      const modes = FILES.map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8));
      expect(modes).toEqual(['644', '600', '644']);
    }
  });

  it('F22: ended by SIGTERM at any moment leaves the old files or the new ones, and nothing else', async () => {
    const folder = await writtenFolder('terminated');
    const args = ['api', 'fetch', 'x509', '-write', folder, '-socketPath', deployment.agentSocket];
    const started = performance.now();
    expect((await run(ours.agent, args)).code).toBe(0);
    const usualMs = performance.now() - started;
    const steps = 24;
    for (let step = 0; step < steps; step += 1) {
      const child = spawn(ours.agent, args, { stdio: 'ignore' });
      const timer = setTimeout(() => child.kill('SIGTERM'), (usualMs * step) / steps);
      const [code, signal] = await once(child, 'close');
      clearTimeout(timer);
      expect([code, signal]).toEqual(signal === null ? [0, null] : [null, 'SIGTERM']);
      expect(readdirSync(folder).sort()).toEqual(FILES);
      expect(belongTogether(folder)).toBe(true);
    }
  });
});

describe('api fetch x509 -layout', () => {
  const layOut = (folder: string) => deployment.agent(['api', 'fetch', 'x509', '-write', folder, '-layout', 'k8s-tls']);
  const LINKS = ['ca.crt', 'tls.crt', 'tls.key'];
  const names = (folder: string): string[] => readdirSync(folder).filter((name) => !/^\.\.\d/.test(name));
  const stateOf = (folder: string): [string, boolean] => {
    const certificate = new X509Certificate(readFileSync(join(folder, 'tls.crt')));
    return [
      certificate.serialNumber,
      certificate.checkPrivateKey(createPrivateKey(readFileSync(join(folder, 'tls.key')))),
    ];
  };

  it('F19: gives the files their modes under every umask, and takes over plain files of the same names', async () => {
    for (const umask of ['000', '077', '777']) {
      const folder = join(deployment.folder, `layout-${umask}`);
      mkdirSync(folder);
      writeFileSync(join(folder, 'tls.key'), 'of somebody', { mode: 0o666 });
      const args = ['api', 'fetch', 'x509', '-write', folder, '-layout', 'k8s-tls', '-keyMode', '0440'];
      const command = [ours.agent, ...args, '-socketPath', deployment.agentSocket];
      const written = await run('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...command]);
      expect([written.code, written.stderr]).toEqual([0, '']);
      const modes = LINKS.map((name) => (statSync(join(folder, name)).mode & 0o7777).toString(8));
      expect(modes).toEqual(['644', '644', '440']);
      expect(stateOf(folder)[1]).toBe(true);
    }
  });

  it('F17: on a full disk leaves the old files, says so, exits 1, and writes again when there is room', async ({
    skip,
  }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(256);
    const folder = join(disk.path, 'id');
    const otherNames = ['api', 'fetch', 'x509', '-write', folder, '-layout', 'helper'];
    expect((await layOut(folder)).code).toBe(0);
    const before = [readdirSync(folder), stateOf(folder)];
    disk.fill();
    const failed = await deployment.agent(otherNames);
    expect([failed.code, failed.stderr]).toEqual([1, `write to ${folder}: no space left on device\n`]);
    expect([readdirSync(folder), stateOf(folder)]).toEqual(before);
    disk.free();
    expect((await deployment.agent(otherNames)).code).toBe(0);
    expect(names(folder).sort()).toEqual(['..data', 'svid.pem', 'svid_bundle.pem', 'svid_key.pem']);
  });

  it('F22: ended by SIGTERM at any moment leaves the old files or the new ones, and the next run no litter', async () => {
    const folder = join(deployment.folder, 'layout-terminated');
    const started = performance.now();
    expect((await layOut(folder)).code).toBe(0);
    const usualMs = performance.now() - started;
    const args = ['api', 'fetch', 'x509', '-write', folder, '-socketPath', deployment.agentSocket, '-layout'];
    const steps = 12;
    for (let step = 0; step < steps; step += 1) {
      // In turn, so that there is something to change.
      const layout = step % 2 === 0 ? 'helper' : 'k8s-tls';
      const child = spawn(ours.agent, [...args, layout], { stdio: 'ignore' });
      const timer = setTimeout(() => child.kill('SIGTERM'), (usualMs * step) / steps);
      const [code, signal] = await once(child, 'close');
      clearTimeout(timer);
      expect([code, signal]).toEqual(signal === null ? [0, null] : [null, 'SIGTERM']);
      const found = names(folder).sort().join();
      expect(['..data,ca.crt,tls.crt,tls.key', '..data,svid.pem,svid_bundle.pem,svid_key.pem']).toContain(found);
    }
    expect((await layOut(folder)).code).toBe(0);
    expect(stateOf(folder)[1]).toBe(true);
    expect(names(folder).sort()).toEqual(['..data', ...LINKS]);
  });
});
