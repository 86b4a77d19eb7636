import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findContext,
  findSocket,
  nothingAnswers,
  remoteServerOf,
} from '../../../../src/lib/cli/discovery/find-socket.ts';
import { knownPlaces } from '../../../../src/lib/cli/discovery/known-places.ts';
import { lookAtPlace } from '../../../../src/lib/cli/discovery/look-at-place.ts';
import type { Place } from '../../../../src/lib/cli/discovery/place.ts';
import { systemClock } from '../../../../src/lib/runtime/clock.ts';

let folder: string;
const servers: Server[] = [];
const { signal } = new AbortController();
const isRoot = process.getuid?.() === 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spirekit-places-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function listenAt(path: string): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

const place = (path: string, isVouchedFor = false): Place => ({ path, source: 'a usual place', isVouchedFor });
const look = async (path: string, isVouchedFor?: boolean) =>
  (await lookAtPlace(place(path, isVouchedFor), { clock: systemClock, signal })).reason;

describe('a look at a place', () => {
  it('finds who listens', async () => {
    expect(await look(await listenAt(join(folder, 'a.sock')))).toBeUndefined();
  });

  it('says why nobody answers', async () => {
    expect(await look(join(folder, 'absent.sock'))).toBe('no such file or directory');
    await writeFile(join(folder, 'file'), '');
    expect(await look(join(folder, 'file'))).toBe('is no socket');
    expect(await look(join(folder, 'x'.repeat(120)))).toBe('longer than 107 bytes');
    const dead = await listenAt(join(folder, 'live.sock'));
    await symlink(dead, join(folder, 'link.sock'));
    expect(await look(join(folder, 'link.sock'))).toBeUndefined();
  });

  it.skipIf(!isRoot)(
    'passes over what another user left where anybody may write, unless it was named (needs root)',
    async () => {
      const open = join(folder, 'open');
      await mkdir(open);
      await chmod(open, 0o1777);
      const path = await listenAt(join(open, 'agent.sock'));
      await chown(path, 65_534, 65_534);
      expect(await look(path)).toBe('belongs to another user (uid 65534), in a folder that anybody can write to');
      expect(await look(path, true)).toBeUndefined();
      await chmod(open, 0o755);
      // The temporary folder itself is everybody's.
      expect(await look(path)).toContain('uid 65534');
    },
  );

  it('ends with its signal', async () => {
    const stopped = AbortSignal.abort(new Error('enough'));
    await expect(lookAtPlace(place('/a'), { clock: systemClock, signal: stopped })).rejects.toThrow('enough');
  });
});

describe('the search for a socket', () => {
  const options = (more: object = {}) => ({
    cwd: folder,
    clock: systemClock,
    signal,
    folders: ['conf'],
    known: [],
    ...more,
  });

  it('takes the place of a configuration file before the usual ones', async () => {
    await mkdir(join(folder, 'conf/agent'), { recursive: true });
    const configured = await listenAt(join(folder, 'configured.sock'));
    const known = [place(await listenAt(join(folder, 'usual.sock')))];
    await writeFile(join(folder, 'conf/agent/agent.conf'), `agent {\n  socket_path = "${configured}"\n}\n`);
    const found = await findSocket('agent', {}, options({ known }));
    expect(found).toMatchObject({ kind: 'place', look: { place: { path: configured } } });
    await writeFile(join(folder, 'conf/agent/agent.conf'), 'agent {');
    const without = await findSocket('agent', {}, options({ known }));
    expect(without).toMatchObject({ kind: 'place', look: { place: { path: join(folder, 'usual.sock') } } });
    if (without.kind === 'place') expect(without.looks[0]?.reason).toContain('unable to decode');
  });

  it.each([
    ['server', 'server { socket_path = "/x/server.sock" }', '/x/server.sock'],
    ['agent-admin', 'agent { admin_socket_path = "/x/admin.sock" }', '/x/admin.sock'],
  ] as const)('reads the file of the %s', async (kind, text, path) => {
    const program = kind === 'server' ? 'server' : 'agent';
    await mkdir(join(folder, 'conf', program), { recursive: true });
    await writeFile(join(folder, `conf/${program}/${program}.conf`), text);
    const found = await findSocket(kind, {}, options());
    expect(found).toMatchObject({ kind: 'nowhere', looks: [{ place: { path }, reason: 'no such file or directory' }] });
  });

  it('reads no configuration file that others may write', async () => {
    await mkdir(join(folder, 'conf/agent'), { recursive: true });
    const file = join(folder, 'conf/agent/agent.conf');
    await writeFile(file, `agent { socket_path = "${await listenAt(join(folder, 'theirs.sock'))}" }`);
    await chmod(file, 0o666);
    expect(await findSocket('agent', {}, options())).toMatchObject({
      kind: 'nowhere',
      looks: [{ place: { path: file }, reason: 'may be written by others' }],
    });
  });

  it('takes the address of a context as it is, and its server elsewhere where no socket stands beside it', async () => {
    const chosen = { name: 'edge', context: { agentSocket: 'tcp://127.0.0.1:1', serverAddr: 'a:1', callerSVID: '/c' } };
    expect(await findSocket('agent', { chosen }, options())).toEqual({
      kind: 'context',
      name: 'edge',
      address: 'tcp://127.0.0.1:1',
    });
    expect(remoteServerOf({ chosen })).toEqual({ serverAddr: 'a:1', callerSVID: '/c' });
    expect(remoteServerOf({ chosen: { name: 'a', context: { serverSocket: '/a' } } })).toBeUndefined();
    expect(remoteServerOf({})).toBeUndefined();
  });

  it('tells each place and why nothing was there, those that share a reason together', async () => {
    const error = nothingAnswers('agent', [
      { place: place('/a'), reason: 'is no socket' },
      { place: place('/b'), reason: 'no such file or directory' },
      { place: place('/c'), reason: 'no such file or directory' },
    ]);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(error.advice).toBe(
      'Looked at:\n  is no socket:\n    /a (a usual place)\n  no such file or directory:\n    /b (a usual place)\n    /c (a usual place)\n' +
        'Start it, or name it by --socket-path, SPIFFE_ENDPOINT_SOCKET or a context.',
    );
  });

  it('knows the usual places, those of older versions too', () => {
    expect(knownPlaces('agent').map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/tmp/spire-agent/public/api.sock', '/tmp/agent.sock']),
    );
    expect(knownPlaces('server').map(({ path }) => path)).toContain('/tmp/spire-registration.sock');
    for (const kind of ['agent', 'agent-admin', 'server'] as const) {
      expect(knownPlaces(kind).filter(({ isVouchedFor }) => isVouchedFor)).toHaveLength(1);
    }
  });
});

describe('the context to go by', () => {
  it('is an error only where it was asked for', async () => {
    await mkdir(join(folder, '.config/spirekit'), { recursive: true });
    await writeFile(join(folder, '.config/spirekit/contexts.json'), 'odd', { mode: 0o600 });
    const env = { HOME: folder };
    expect((await findContext({ env, contextName: '' })).refused?.reason).toContain('it is not JSON');
    await expect(findContext({ env, contextName: 'a' })).rejects.toMatchObject({ code: 'invalid-config' });
    await expect(findContext({ env: { ...env, SPIREKIT_CONTEXT: 'a' }, contextName: '' })).rejects.toThrow('not JSON');
  });
});
