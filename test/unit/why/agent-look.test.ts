import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RpcServer } from '../../../src/lib/rpc/server.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { askAdminSocket, askAgent, findListener } from '../../../src/lib/why/agent-look.ts';
import { X509SVID } from '../../../src/lib/wire/gen/workload.ts';
import { withoutRights } from '../../support/without-rights.ts';
import { PushingWorkloadApi } from '../workloadapi/pushing-workload-api.ts';
import { grant, makeIdentity, serveWorkloadApi } from '../workloadapi/serve-workload-api.ts';

const folder = mkdtempSync(join(tmpdir(), 'why-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CALL = { signal: new AbortController().signal, timeoutMs: 10_000 };
const unix = (path: string) => ({ kind: 'unix', path }) as const;

/** What is found out about an agent that refuses like this. */
async function askRefusing(code: RpcCode, description: string): Promise<unknown> {
  await using api = await serveWorkloadApi({
    // biome-ignore lint/correctness/useYield: it refuses before it has anything to give
    async *fetchX509SVID() {
      throw new RpcError(code, description);
    },
  });
  return await askAgent(unix(api.path), CALL);
}

describe('a look at an agent', () => {
  it('shows the identities that it gives, also where one cannot be read', async () => {
    const identity = await makeIdentity('/web');
    const response = grant([identity]);
    const broken = X509SVID.create({ spiffeId: 'no ID', x509Svid: new Uint8Array([1]), hint: '\u001b[2J' });
    await using api = await PushingWorkloadApi.open({ ...response, svids: [...response.svids, broken] });
    const answer = await askAgent(unix(api.path), CALL);
    expect(answer).toMatchObject({
      kind: 'identities',
      identities: [
        { spiffeId: identity.spiffeId, expiresAtMs: identity.leaf.certificate.notAfterMs },
        { spiffeId: 'no ID', expiresAtMs: undefined },
      ],
    });
  });

  it.each([
    [RpcCode.permissionDenied, 'no identity'],
    [RpcCode.unimplemented, 'other program'],
    [RpcCode.unavailable, 'not ready'],
    [RpcCode.internal, 'failed'],
  ] as const)('knows what status %d means', async (code, kind) => {
    expect(await askRefusing(code, 'for a reason')).toEqual({ kind, description: 'for a reason' });
  });

  it('knows a socket that is not there, one that nobody listens on, and a file that is none', async () => {
    expect(await askAgent(unix(join(folder, 'absent.sock')), CALL)).toMatchObject({ kind: 'absent' });
    writeFileSync(join(folder, 'file'), '');
    expect(await askAgent(unix(join(folder, 'file')), CALL)).toMatchObject({ kind: 'deserted' });
    expect(await askAgent(unix(join(folder, 'file/below')), CALL)).toMatchObject({ kind: 'absent' });
  });

  it('F37: knows a folder that it may not pass', async () => {
    mkdirSync(join(folder, 'closed'));
    chmodSync(folder, 0o755);
    chmodSync(join(folder, 'closed'), 0);
    const asked = await withoutRights(() => askAgent(unix(join(folder, 'closed/s.sock')), CALL));
    expect(asked).toMatchObject({ kind: 'not permitted' });
  });

  it('knows a program that speaks something else, and one that says nothing', async () => {
    const path = join(folder, 'other.sock');
    const server = createServer((socket) => socket.end('220 smtp\r\n')).listen(path);
    await once(server, 'listening');
    expect(await askAgent(unix(path), CALL)).toMatchObject({ kind: 'other program' });
    server.close();
    await using silent = await serveWorkloadApi({
      async *fetchX509SVID(_, { signal }) {
        await once(signal, 'abort');
        yield grant([]);
      },
    });
    expect(await askAgent(unix(silent.path), { ...CALL, timeoutMs: 50 })).toMatchObject({ kind: 'silent' });
  });

  it('finds the process that listens', async () => {
    await using api = await serveWorkloadApi({});
    expect(await findListener(unix(api.path), CALL)).toBe(process.pid);
    expect(await findListener(unix(join(folder, 'absent.sock')), CALL)).toBeUndefined();
  });

  it('goes without an admin socket, or with one of something else', async () => {
    expect(await askAdminSocket(unix(join(folder, 'absent.sock')), CALL)).toBeUndefined();
    const server = new RpcServer();
    await server.listenUnix({ path: join(folder, 'empty.sock'), socketMode: 0o600 });
    expect(await askAdminSocket(unix(join(folder, 'empty.sock')), CALL)).toBeUndefined();
    await server.stop();
  });
});
