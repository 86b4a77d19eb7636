import type { RequestListener, ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { DocumentFetcher, type DocumentFetcherOptions } from '../../../src/lib/fetch/document-fetcher.ts';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { HttpsEndpoint, type ServerIdentity, TestAuthority } from '../../support/https-endpoint.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const MIB = 1024 * 1024;

let web: TestAuthority;
let localhost: ServerIdentity;

beforeAll(async () => {
  web = await TestAuthority.make();
  localhost = await web.issue({ dnsNames: ['localhost'] });
});

function fetcher(options: Partial<DocumentFetcherOptions> = {}): DocumentFetcher {
  return new DocumentFetcher({ clock: systemClock, webRoots: [web.pem], ...options });
}

const open = (answer: RequestListener, identity = localhost): Promise<HttpsEndpoint> =>
  HttpsEndpoint.open(identity, answer);

const redirectTo =
  (location: string): RequestListener =>
  (_, response) =>
    response.writeHead(302, { location }).end();

/** What a refused fetch says. */
async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  if (!(error instanceof Error) || !('code' in error)) throw new Error('it was not refused');
  return { code: String(error.code), message: error.message };
}

describe('a document fetcher', () => {
  test('has the body of an answer, whatever its status', async () => {
    await using endpoint = await open((request, response) => {
      response.writeHead(request.url === '/absent' ? 404 : 200).end(`${request.headers.accept} ${request.method}`);
    });
    const { status, body } = await fetcher().fetch(endpoint.url('/bundle?version=2'), { accept: 'application/json' });
    expect([status, Buffer.from(body).toString()]).toEqual([200, 'application/json GET']);
    expect((await fetcher().fetch(endpoint.url('/absent'))).status).toBe(404);
    expect(endpoint.asked).toEqual(['/bundle?version=2', '/absent']);
  });

  test('follows redirects of the configured host', async () => {
    await using endpoint = await open((request, response) => {
      if (request.url === '/') redirectTo('/bundle')(request, response);
      else response.end('found');
    });
    expect(Buffer.from((await fetcher().fetch(endpoint.url())).body).toString()).toBe('found');
  });

  test('follows no loop of redirects', async () => {
    await using endpoint = await open(redirectTo('/again'));
    expect(await refusal(fetcher().fetch(endpoint.url()))).toEqual({
      code: 'resource-exhausted',
      message: `too many redirects from ${endpoint.url()}`,
    });
    expect(endpoint.asked).toHaveLength(6);
  });

  test.each([
    ['http://localhost/', 'URL must use the https scheme, not "http:"'],
    ['https://user:secret@localhost/', 'URL must not contain user info'],
    ['https://[', '"https://[" is not a URL'],
  ])('follows no redirect to %s', async (location, reason) => {
    await using endpoint = await open(redirectTo(location));
    expect(await refusal(fetcher().fetch(endpoint.url()))).toEqual({
      code: 'permission-denied',
      message: `redirect from ${endpoint.url()} is not followed: ${reason}`,
    });
  });

  test.each([
    ['https://169.254.169.254/latest/meta-data/', '169.254.169.254 must not be fetched from'],
    ['https://[::ffff:169.254.169.254]/', '::ffff:a9fe:a9fe must not be fetched from'],
    ['https://10.0.0.1:8443/', '10.0.0.1 must not be fetched from'],
    ['https://2130706433/', '127.0.0.1 must not be fetched from'],
  ])('is not led to %s', async (location, message) => {
    await using endpoint = await open(redirectTo(location));
    expect(await refusal(fetcher().fetch(endpoint.url()))).toEqual({ code: 'permission-denied', message });
  });

  test('is led to a private address by a name only where that is allowed, and never to a link-local one', async () => {
    await using inner = await open((request, response) => {
      if (request.url === '/metadata') redirectTo('https://169.254.169.254/')(request, response);
      else response.end('inner');
    });
    await using endpoint = await open((request, response) => redirectTo(inner.url(request.url))(request, response));
    const refused = await refusal(fetcher().fetch(endpoint.url()));
    expect(refused.code).toBe('permission-denied');
    expect(refused.message).toMatch(/^localhost is (127\.0\.0\.1|::1), which must not be fetched from$/);
    expect(inner.asked).toEqual([]);
    const lenient = fetcher({ allowPrivateRedirects: true });
    expect(Buffer.from((await lenient.fetch(endpoint.url())).body).toString()).toBe('inner');
    expect((await refusal(lenient.fetch(endpoint.url('/metadata')))).message).toBe(
      '169.254.169.254 must not be fetched from',
    );
  });

  test('refuses a body that says it is too large, and one that does not say it', async () => {
    await using endpoint = await open((request, response) => {
      if (request.url === '/said') response.writeHead(200, { 'content-length': String(10 * MIB) });
      if (request.url === '/exact') response.end(Buffer.alloc(MIB));
      else pour(response);
    });
    const message = (path: string): string => `answer from ${endpoint.url(path)} has more than ${MIB} bytes`;
    for (const path of ['/said', '/unsaid']) {
      const refused = await refusal(fetcher().fetch(endpoint.url(path)));
      expect(refused).toEqual({ code: 'resource-exhausted', message: message(path) });
    }
    expect((await fetcher().fetch(endpoint.url('/exact'))).body).toHaveLength(MIB);
  });

  test('decompresses nothing', async () => {
    await using endpoint = await open((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('bomb');
    });
    expect(await refusal(fetcher().fetch(endpoint.url()))).toMatchObject({
      message: `answer from ${endpoint.url()} is compressed`,
    });
  });

  test('refuses headers without end, and a body that breaks off', async () => {
    await using endpoint = await open((request, response) => {
      if (request.url === '/headers') response.writeHead(200, { x: 'a'.repeat(20_000) }).end();
      else response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
    });
    for (const [path, words] of [
      ['/headers', 'no answer from'],
      ['/half', 'answer from'],
    ] as const) {
      const refused = await refusal(fetcher().fetch(endpoint.url(path)));
      expect(refused).toMatchObject({ code: 'unavailable', message: expect.stringContaining(words) });
    }
  });

  test.each(['never answers', 'sends its body drop by drop', 'redirects slowly'])(
    'gives up after five seconds with one that %s',
    async (how) => {
      const clock = new ManualClock();
      const asked = Promise.withResolvers<void>();
      await using endpoint = await open((request, response) => {
        if (how === 'redirects slowly' && request.url === '/') return redirectTo('/slow')(request, response);
        asked.resolve();
        if (how !== 'sends its body drop by drop') return;
        const drip = setInterval(() => response.write('.'), 5);
        response.on('close', () => clearInterval(drip));
      });
      const refused = refusal(fetcher({ clock }).fetch(endpoint.url()));
      await asked.promise;
      clock.advance(4_999);
      clock.advance(1);
      expect(await refused).toEqual({
        code: 'deadline-exceeded',
        message: `no answer from ${endpoint.url()} within 5 s`,
      });
      expect(clock.pending).toBe(0);
    },
  );

  test('gives up on one that does not finish its handshake', async () => {
    const clock = new ManualClock();
    const sockets: Socket[] = [];
    const connected = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      connected.resolve();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const refused = refusal(fetcher({ clock }).fetch(`https://localhost:${port}/`));
    await connected.promise;
    clock.advance(5_000);
    expect((await refused).code).toBe('deadline-exceeded');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  test('ends with its caller', async () => {
    const asked = Promise.withResolvers<void>();
    await using endpoint = await open(() => asked.resolve());
    const caller = new AbortController();
    const fetching = fetcher().fetch(endpoint.url(), { signal: caller.signal });
    await asked.promise;
    caller.abort(new Error('enough'));
    await expect(fetching).rejects.toThrow('enough');
    await expect(fetcher().fetch(endpoint.url(), { signal: caller.signal })).rejects.toThrow('enough');
  });

  test('says that nothing listens, and that there is no such host', async () => {
    const gone = await open(() => {});
    const url = gone.url();
    await gone[Symbol.asyncDispose]();
    expect(await refusal(fetcher().fetch(url))).toEqual({
      code: 'unavailable',
      message: `dial tcp localhost:${gone.port}: connection refused`,
    });
    expect(await refusal(fetcher().fetch('https://nothing.invalid/'))).toEqual({
      code: 'unavailable',
      message: 'lookup nothing.invalid: no such host',
    });
  });

  test('asks nothing of a server whose certificate does not count', async () => {
    const stranger = await TestAuthority.make();
    const cases: [identity: ServerIdentity, reason: string][] = [
      [await stranger.issue({ dnsNames: ['localhost'] }), 'its certificate is signed by an unknown authority'],
      [await web.issue({ dnsNames: ['far.example'] }), 'its certificate is for another name'],
      [
        await web.issue({ dnsNames: ['localhost'], notAfter: new Date(Date.now() - 1000) }),
        'its certificate has expired',
      ],
      [
        await stranger.issue({ uris: ['spiffe://far.example/bundle'] }),
        'its certificate is signed by an unknown authority; its certificate names SPIFFE ID "spiffe://far.example/bundle"',
      ],
    ];
    for (const [identity, reason] of cases) {
      await using endpoint = await open((_, response) => response.end('secret'), identity);
      expect(await refusal(fetcher().fetch(endpoint.url()))).toEqual({
        code: 'unauthenticated',
        message: `localhost:${endpoint.port} did not prove who it is: ${reason}`,
      });
      expect(endpoint.asked).toEqual([]);
    }
  });

  test('takes no name for an address', async () => {
    await using endpoint = await open((_, response) => response.end('secret'));
    expect(await refusal(fetcher().fetch(`https://127.0.0.1:${endpoint.port}/`))).toEqual({
      code: 'unauthenticated',
      message: `127.0.0.1:${endpoint.port} did not prove who it is: its certificate is for another name`,
    });
    expect(endpoint.asked).toEqual([]);
  });

  test('lets its caller say who the server must be, of redirects too', async () => {
    const authority = await TestAuthority.make('spiffe://far.example');
    const right = await authority.issue({ uris: ['spiffe://far.example/bundle'] });
    const wrong = await authority.issue({ uris: ['spiffe://far.example/other'] });
    const verifyServer = ([leaf]: readonly Uint8Array[]): void => {
      if (Buffer.compare(leaf ?? new Uint8Array(), right.certificates[0]?.der ?? new Uint8Array()) !== 0) {
        throw new Error('unexpected ID');
      }
    };
    await using other = await open((_, response) => response.end(), wrong);
    await using endpoint = await open((request, response) => {
      if (request.url === '/') response.end('bundle');
      else redirectTo(other.url())(request, response);
    }, right);
    const lenient = fetcher({ allowPrivateRedirects: true });
    const byAddress = `https://127.0.0.1:${endpoint.port}/`;
    expect(Buffer.from((await lenient.fetch(byAddress, { verifyServer })).body).toString()).toBe('bundle');
    expect(await refusal(lenient.fetch(endpoint.url('/moved'), { verifyServer }))).toEqual({
      code: 'unauthenticated',
      message: `localhost:${other.port} did not prove who it is: unexpected ID`,
    });
    expect(other.asked).toEqual([]);
  });

  test('leaves no connection behind', async () => {
    await using endpoint = await open((_, response) => response.end('done'));
    for (let round = 0; round < 3; round++) await fetcher().fetch(endpoint.url());
    await expect.poll(() => endpoint.connections).toBe(0);
  });
});

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk)) {
      // Until the socket is full.
    }
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}
