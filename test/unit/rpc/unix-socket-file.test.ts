import { linkSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcServer } from '../../../src/lib/rpc/server.ts';
import { bindWithMode } from '../../../src/lib/rpc/unix-socket-file.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { rejection, TemporaryFolder } from './fixtures.ts';

const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

describe('the file of a unix socket', () => {
  let umask = 0;
  beforeEach(() => {
    umask = process.umask(0o027);
  });
  afterEach(() => {
    process.umask(umask);
  });

  it.each([0o777, 0o770, 0o700, 0o600])('has mode %o whatever the umask, which stays as it is', async (socketMode) => {
    using folder = new TemporaryFolder();
    await using server = new RpcServer();
    await server.listenUnix({ path: folder.file('s'), socketMode });
    expect(mode(folder.file('s'))).toBe(socketMode.toString(8));
    expect(process.umask(0o027)).toBe(0o027);
  });

  it('never gives its mode to what was put in its place while it was bound', () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.file('victim'), '', { mode: 0o600 });
    for (const replace of [
      (path: string) => symlinkSync(folder.file('victim'), path),
      (path: string) => linkSync(folder.file('victim'), path),
      (path: string) => writeFileSync(path, '', { mode: 0o600 }),
    ]) {
      const path = folder.file('s');
      const server = createServer();
      const listen = server.listen.bind(server);
      // Between the two system calls of the real thing.
      server.listen = () => {
        listen(path);
        rmSync(path);
        replace(path);
        return server;
      };
      expect(() => bindWithMode(server, path, 0o777)).toThrow('was replaced by another user');
      expect([mode(path), mode(folder.file('victim'))]).toEqual(['600', '600']);
      server.close();
      rmSync(path, { force: true });
    }
  });

  it('gets its folder with the mode asked for, and leaves folders alone that were there', async () => {
    using folder = new TemporaryFolder();
    await using server = new RpcServer();
    await server.listenUnix({ path: folder.file('a/b/s'), socketMode: 0o777, dirMode: 0o755 });
    expect([mode(folder.file('a')), mode(folder.file('a/b')), mode(folder.path)]).toEqual(['755', '755', '700']);
    await server.listenUnix({ path: folder.file('a/b/t'), socketMode: 0o777, dirMode: 0o700 });
    expect(mode(folder.file('a/b'))).toBe('755');
  });

  it('takes the place of one that nobody listens on', async () => {
    using folder = new TemporaryFolder();
    const path = folder.file('s');
    const old = createServer().listen(path);
    await new Promise((resolve) => old.once('listening', resolve));
    // Closing removes the file: put a dead one there by a second name.
    linkSync(path, `${path}2`);
    await new Promise((resolve) => old.close(resolve));
    await using server = new RpcServer();
    server.addService(HealthDefinition, { check: async () => ({ status: 1 }) });
    await server.listenUnix({ path: `${path}2`, socketMode: 0o600 });
    await using client = new RpcClient({ kind: 'unix', path: `${path}2` });
    expect(await client.unary(HealthDefinition, 'check', { service: '' })).toEqual({ status: 1 });
  });

  it('is not taken from a server that lives', async () => {
    using folder = new TemporaryFolder();
    await using first = new RpcServer();
    first.addService(HealthDefinition, { check: async () => ({ status: 1 }) });
    await first.listenUnix({ path: folder.file('s'), socketMode: 0o600 });
    await using second = new RpcServer();
    expect(await rejection(second.listenUnix({ path: folder.file('s'), socketMode: 0o600 }))).toMatchObject({
      code: 'already-exists',
      message: `listen unix ${folder.file('s')}: bind: address already in use`,
    });
    await second.stop();
    await using client = new RpcClient({ kind: 'unix', path: folder.file('s') });
    expect(await client.unary(HealthDefinition, 'check', { service: '' })).toEqual({ status: 1 });
  });

  it('never replaces something that is no socket', async () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.file('file'), 'precious');
    mkdirSync(folder.file('folder'));
    await using server = new RpcServer();
    for (const name of ['file', 'folder']) {
      const failed = server.listenUnix({ path: folder.file(name), socketMode: 0o600 });
      expect(await rejection(failed)).toMatchObject({ code: 'already-exists' });
    }
    expect(readFileSync(folder.file('file'), 'utf8')).toBe('precious');
    expect(lstatSync(folder.file('folder')).isDirectory()).toBe(true);
  });

  it('has a path of at most 107 bytes', async () => {
    using folder = new TemporaryFolder();
    const path = folder.file('ü'.repeat(60));
    await using server = new RpcServer();
    expect(await rejection(server.listenUnix({ path, socketMode: 0o600 }))).toMatchObject({
      code: 'invalid-argument',
      message: `the path of the unix socket has ${Buffer.byteLength(path)} bytes, but at most 107 are possible: ${path}`,
    });
  });

  it('fails with the words of the system where there is no folder', async () => {
    using folder = new TemporaryFolder();
    await using server = new RpcServer();
    const failed = server.listenUnix({ path: folder.file('a/s'), socketMode: 0o600 });
    expect(await rejection(failed)).toMatchObject({ code: 'io-error' });
  });

  it('goes when the server stops, and a missing one does not matter', async () => {
    using folder = new TemporaryFolder();
    const server = new RpcServer();
    await server.listenUnix({ path: folder.file('s'), socketMode: 0o600 });
    rmSync(folder.file('s'));
    await server.stop();
    expect(lstatSync(folder.file('s'), { throwIfNoEntry: false })).toBeUndefined();
  });
});
