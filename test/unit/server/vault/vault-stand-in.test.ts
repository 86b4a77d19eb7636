import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../../src/lib/runtime/clock.ts';
import { ResourceStack } from '../../../../src/lib/runtime/resource-stack.ts';
import { VaultClient } from '../../../../src/lib/server/vault/vault-client.ts';
import type { VaultAuth } from '../../../../src/lib/server/vault/vault-settings.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { pluginDeps } from '../plugin/plugin-deps.ts';

/** What a stand-in saw of a request. */
interface Seen {
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

type Answer =
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }
  | 'silence';

let resources = new ResourceStack();
afterEach(async () => {
  await resources.disposeAsync();
  resources = new ResourceStack();
});

/** An HTTP server that answers as told, where a real one would not do so. */
async function standIn(
  answer: (seen: Seen) => Answer,
): Promise<{ address: string; seen: Seen[]; connections: () => number }> {
  const seen: Seen[] = [];
  let connections = 0;
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const one = { path: request.url ?? '', body, headers: request.headers };
      seen.push(one);
      const told = answer(one);
      if (told !== 'silence') response.writeHead(told.status, told.headers).end(told.body ?? '');
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  resources.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  return {
    address: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`,
    seen,
    connections: () => connections,
  };
}

const login = { status: 200, body: '{"auth":{"client_token":"made-token","lease_duration":0,"renewable":false}}' };

async function open(
  address: string,
  { auth = { method: 'token', token: 'given-token' }, clock = systemClock, ...more }: OpenOptions = {},
): Promise<VaultClient> {
  const settings = { address: new URL(address), namespace: '', caCertPath: '', insecureSkipVerify: false, auth };
  const deps = pluginDeps({ clock, ...(more.signal && { signal: more.signal }) });
  return resources.use(await VaultClient.open({ ...settings, namespace: more.namespace ?? '' }, deps));
}

interface OpenOptions {
  readonly auth?: VaultAuth;
  readonly clock?: typeof systemClock;
  readonly namespace?: string;
  readonly signal?: AbortSignal;
}

const lookup = { status: 200, body: '{"data":{"ttl":0,"renewable":false}}' };
const isLookup = ({ path }: Seen): boolean => path.endsWith('/lookup-self');

describe('a client of what stands where Vault should', () => {
  test('logs in with the token of its service account, read anew each time, and names the namespace', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'k8s-'));
    resources.defer(() => rmSync(folder, { recursive: true }));
    const tokenPath = join(folder, 'token');
    writeFileSync(tokenPath, 'first.jwt\n');
    const clock = new ManualClock();
    let isRevoked = false;
    const { address, seen } = await standIn(({ path }) => {
      if (path.endsWith('/login')) return login;
      if (!isRevoked) return { status: 200, body: '{"data":{}}' };
      isRevoked = false;
      return { status: 403, body: '{"errors":["permission denied"]}' };
    });
    const auth: VaultAuth = { method: 'k8s', mountPoint: 'my/k8s', roleName: 'spire', tokenPath };
    const client = await open(address, { auth, namespace: 'team', clock });
    await client.call({ method: 'GET', path: 'x' });
    writeFileSync(tokenPath, 'second.jwt');
    isRevoked = true;
    clock.advance(60_000);
    await client.call({ method: 'GET', path: 'x' });
    const logins = seen.filter(({ path }) => path === '/v1/auth/my/k8s/login');
    expect(logins.map(({ body }) => JSON.parse(body))).toEqual([
      { role: 'spire', jwt: 'first.jwt' },
      { role: 'spire', jwt: 'second.jwt' },
    ]);
    expect(seen.every(({ headers }) => headers['x-vault-namespace'] === 'team')).toBe(true);
    expect(seen.at(-1)?.headers['x-vault-token']).toBe('made-token');
    await expect(open(address, { auth: { ...auth, tokenPath: '/none' } })).rejects.toThrow('open /none: no such file');
  });

  test('follows a standby to the active server, once', async () => {
    const active = await standIn(() => lookup);
    const standby = await standIn(({ path }) => ({ status: 307, headers: { Location: `${active.address}${path}` } }));
    await open(standby.address);
    expect(active.seen[0]?.headers['x-vault-token']).toBe('given-token');
    const loop = await standIn(({ path }) => ({ status: 307, headers: { Location: path } }));
    await expect(open(loop.address, { clock: new ManualClock() })).rejects.toThrow();
    expect(loop.seen).toHaveLength(2);
  });

  test('takes no answer that is larger than 4 MiB or not of the form', async () => {
    const large = await standIn((seen) =>
      isLookup(seen) ? lookup : { status: 200, body: 'x'.repeat(5 * 1024 * 1024) },
    );
    await expect((await open(large.address)).call({ method: 'GET', path: 'x' })).rejects.toMatchObject({
      code: 'resource-exhausted',
    });
    const page = await standIn(() => ({ status: 200, body: '<html>given-token</html>' }));
    await expect(open(page.address)).rejects.toThrow('the answer is not of the form that Vault gives');
  });

  test('tries again what passes by itself, three times in all', async () => {
    let failures = 2;
    const clock = new ManualClock();
    const { address, seen } = await standIn((one) => {
      if (isLookup(one)) return lookup;
      failures -= 1;
      return failures >= 0 ? { status: 502 } : { status: 200, body: '{"data":{}}' };
    });
    const client = await open(address, { clock });
    const call = client.call({ method: 'GET', path: 'x' });
    for (let i = 0; i < 2; i += 1) {
      await vi.waitFor(() => expect(clock.isAwaited(1_000)).toBe(true));
      clock.advance(1_000);
    }
    expect(await call).toEqual({ data: {} });
    expect(seen).toHaveLength(4);
  });

  test('makes many calls at once over few connections, which it keeps', async () => {
    const { address, seen, connections } = await standIn(() => lookup);
    const client = await open(address);
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(Array.from({ length: 100 }, () => client.call({ method: 'GET', path: 'x' })));
    }
    expect(seen).toHaveLength(301);
    expect(connections()).toBeGreaterThan(1);
    expect(connections()).toBeLessThanOrEqual(32);
  });

  test('ends what is under way when the signal aborts, and when it is disposed of', async () => {
    const { address, seen } = await standIn((one) => (isLookup(one) ? lookup : 'silence'));
    const client = await open(address);
    const giveUp = new AbortController();
    const call = client.call({ method: 'GET', path: 'x' }, { signal: giveUp.signal });
    const other = client.call({ method: 'GET', path: 'x' });
    await vi.waitFor(() => expect(seen).toHaveLength(3));
    giveUp.abort(new Error('given up'));
    await expect(call).rejects.toThrow('given up');
    const ended = expect(other).rejects.toMatchObject({ code: 'unavailable', message: 'the server is stopping' });
    await client[Symbol.asyncDispose]();
    await ended;
  });

  test('waits no more than a minute for an answer, and does not ask again then', async () => {
    const clock = new ManualClock();
    const { address, seen } = await standIn((one) => (isLookup(one) ? lookup : 'silence'));
    const client = await open(address, { clock });
    const call = client.call({ method: 'GET', path: 'x' });
    call.catch(() => undefined);
    await vi.waitFor(() => expect(seen).toHaveLength(2));
    clock.advance(60_000);
    await expect(call).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/cannot be reached: no answer within 60 s/),
    });
    expect(seen).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test('gives up opening when the signal aborts', async () => {
    const { address, seen } = await standIn(() => 'silence');
    const giveUp = new AbortController();
    const opening = open(address, { signal: giveUp.signal });
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    giveUp.abort(new Error('given up'));
    await expect(opening).rejects.toThrow('given up');
  });
});
