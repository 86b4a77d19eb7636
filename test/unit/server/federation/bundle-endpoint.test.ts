import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DocumentFetcher } from '../../../../src/lib/fetch/document-fetcher.ts';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { BundleEndpoint, type BundleEndpointOptions } from '../../../../src/lib/server/federation/bundle-endpoint.ts';
import { ServingFiles } from '../../../../src/lib/server/federation/serving-files.ts';
import { SvidServingIdentity } from '../../../../src/lib/server/federation/serving-identity.ts';
import { pemFiles, type ServerIdentity, TestAuthority } from '../../../support/https-endpoint.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { TemporaryFolder } from '../datastore/temporary-folder.ts';

describe('the bundle endpoint', () => {
  let clock: ManualClock;
  let web: TestAuthority;
  let identity: ServerIdentity;
  let endpoint: BundleEndpoint;

  beforeEach(async () => {
    clock = new ManualClock();
    web = await TestAuthority.make();
    identity = await web.issue({ dnsNames: ['localhost'] });
  });
  afterEach(async () => {
    await endpoint[Symbol.asyncDispose]();
    await expect.poll(() => clock.pending).toBe(0);
  });

  async function open(options: Partial<BundleEndpointOptions> = {}): Promise<void> {
    endpoint = await BundleEndpoint.open({
      address: '127.0.0.1',
      port: 0,
      identity: { current: pemFiles(identity) },
      document: () => Promise.resolve('{"keys":[]}'),
      clock,
      log: silentLogger,
      ...options,
    });
  }

  async function ask(path = '/', method = 'GET'): Promise<{ status: number; type: string; body: string }> {
    return await new Promise((resolve, reject) => {
      const options = { host: 'localhost', port: endpoint.port, path, method, ca: web.pem, agent: false } as const;
      request(options, (response) => {
        const parts: string[] = [];
        response.setEncoding('utf8').on('data', (part: string) => parts.push(part));
        const type = String(response.headers['content-type']);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, type, body: parts.join('') }));
      })
        .on('error', reject)
        .end();
    });
  }

  function dial(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(endpoint.port, '127.0.0.1', () => resolve(socket));
      socket.on('error', reject);
    });
  }

  function handshake(options: object = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({ host: 'localhost', port: endpoint.port, ca: web.pem, ...options }, () =>
        resolve(socket),
      );
      socket.on('error', reject);
    });
  }

  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => (socket.destroyed ? resolve() : socket.on('error', () => {}).once('close', resolve)));

  test('answers GET for / with the document, and nothing else, as SPIRE’s does', async () => {
    await open();
    expect(await ask()).toEqual({ status: 200, type: 'application/json', body: '{"keys":[]}' });
    expect((await ask('/?from=here')).status).toBe(200);
    const type = 'text/plain; charset=utf-8';
    expect(await ask('/bundle')).toEqual({ status: 404, type, body: '404 page not found\n' });
    for (const method of ['POST', 'PUT', 'DELETE']) {
      expect(await ask('/', method)).toEqual({ status: 405, type, body: '405 method not allowed\n' });
    }
    expect((await ask('/', 'HEAD')).status).toBe(405);
  });

  test('says that there is no document when that cannot be had', async () => {
    await open({ document: () => Promise.reject(new Error('datastore: secret reason')) });
    expect(await ask()).toMatchObject({ status: 500, body: '500 unable to retrieve local bundle\n' });
  });

  test('can be fetched from by our own client', async () => {
    await open();
    const fetcher = new DocumentFetcher({ clock, webRoots: [web.pem] });
    const { body } = await fetcher.fetch(`https://localhost:${endpoint.port}/`);
    expect(Buffer.from(body).toString()).toBe('{"keys":[]}');
  });

  test('takes no old TLS and resumes no session', async () => {
    await open();
    await expect(handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const sessions: Buffer[] = [];
      const first = await handshake({ maxVersion });
      first.on('session', (session: Buffer) => sessions.push(session));
      first.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      first.resume();
      await closed(first);
      const second = await handshake({ maxVersion, session: sessions[0] ?? first.getSession() });
      expect(second.isSessionReused()).toBe(false);
      second.destroy();
    }
  });

  test('takes only key exchanges that withstand quantum computers where that is asked for', async () => {
    await open({ keyExchangeGroups: 'X25519MLKEM768' });
    await expect(handshake({ ecdhCurve: 'X25519' })).rejects.toThrow();
    const socket = await handshake({ ecdhCurve: 'X25519MLKEM768' });
    socket.destroy();
  });

  test('ends connections that do not get done, in whatever part of them they linger', async () => {
    await open();
    const silent = await dial();
    const inHeaders = await handshake();
    inHeaders.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    await expect.poll(() => clock.pending).toBe(2);
    clock.advance(29_999);
    expect([silent.destroyed, inHeaders.destroyed]).toEqual([false, false]);
    clock.advance(1);
    await Promise.all([closed(silent), closed(inHeaders)]);
    expect((await ask()).status).toBe(200);
  });

  test('leaves one address no more than half of its connections', async () => {
    await open();
    const sockets = await Promise.all(Array.from({ length: 150 }, () => dial()));
    await expect.poll(() => clock.pending).toBe(100);
    await Promise.all(sockets.slice(100).map(closed));
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => clock.pending).toBe(0);
    expect((await ask()).status).toBe(200);
  });

  test('shows the certificate of the moment', async () => {
    const svids = [identity, await web.issue({ dnsNames: ['localhost'] })];
    let shown = 0;
    const source = {
      get current() {
        return svids[shown] ?? identity;
      },
    };
    await open({ identity: new SvidServingIdentity(source) });
    const serial = async (): Promise<string> => {
      const socket = await handshake();
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return BigInt(`0x${serialNumber}`).toString();
    };
    expect(await serial()).toBe(svids[0]?.certificates[0]?.serialNumber.toString());
    shown = 1;
    expect(await serial()).toBe(svids[1]?.certificates[0]?.serialNumber.toString());
  });

  test('cannot be opened on an address that is taken', async () => {
    await open();
    const first = endpoint;
    await expect(open({ port: first.port })).rejects.toMatchObject({
      code: 'io-error',
      message: expect.stringContaining('bundle endpoint: '),
    });
  });
});

describe('the serving certificate', () => {
  test('follows its files, and stays while they do not fit together', async () => {
    await using folder = await TemporaryFolder.make();
    const clock = new ManualClock();
    const web = await TestAuthority.make();
    const [first, second] = await Promise.all(
      ['a', 'b'].map(async () => pemFiles(await web.issue({ dnsNames: ['localhost'] }))),
    );
    if (first === undefined || second === undefined) throw new Error('no certificates');
    const [certFile, keyFile] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
    writeFileSync(certFile, first.cert);
    writeFileSync(keyFile, first.key);
    const options = { certFile, keyFile, fileSyncIntervalSeconds: 60, clock, log: silentLogger };
    {
      await using files = await ServingFiles.open(options);
      const { current } = files;
      expect(current.cert.toString()).toBe(first.cert);
      clock.advance(60_000);
      await expect.poll(() => clock.isAwaited(60_000)).toBe(true);
      expect(files.current).toBe(current);
      writeFileSync(certFile, second.cert);
      clock.advance(60_000);
      await expect.poll(() => clock.isAwaited(5_000)).toBe(true);
      expect(files.current).toBe(current);
      writeFileSync(keyFile, second.key);
      clock.advance(5_000);
      await expect.poll(() => files.current.cert.toString()).toBe(second.cert);
      expect(files.current.key.toString()).toBe(second.key);
    }
    expect(clock.pending).toBe(0);
    writeFileSync(keyFile, first.key);
    await expect(ServingFiles.open(options)).rejects.toMatchObject({
      code: 'invalid-config',
      message: `failed to load certificate: ${certFile} and ${keyFile}: tls: private key does not match public key`,
    });
    await expect(ServingFiles.open({ ...options, keyFile: join(folder.path, 'gone') })).rejects.toMatchObject({
      message: expect.stringMatching(/^failed to load certificate: open .*gone: no such file or directory$/),
    });
  });
});
