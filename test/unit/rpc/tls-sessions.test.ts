import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type ConnectionOptions, connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcServer } from '../../../src/lib/rpc/server.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { findOnPath, run } from '../../support/programs.ts';
import { TemporaryFolder } from './fixtures.ts';
import { type Identity, makeIdentity } from './test-certificates.ts';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

let server: Identity;
let agent: Identity;
beforeAll(async () => {
  const root = await makeIdentity('spiffe://example.org', { isCa: true });
  server = await makeIdentity('spiffe://example.org/spire/server', { issuer: root });
  agent = await makeIdentity('spiffe://example.org/spire/agent/x', { issuer: root });
});

const pemOf = ({ certificate, key }: Identity): { cert: string; key: string } => ({
  cert: certificate.toPem(),
  key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
});

/** A server whose trust in its clients can be taken back, as by a new bundle. */
class Port implements AsyncDisposable {
  isTrusted = true;
  readonly refusals: unknown[] = [];
  #port = 0;
  readonly #rpc = new RpcServer({ onConnectionError: (error) => this.refusals.push(error) });

  static async open(): Promise<Port> {
    const opened = new Port();
    const listener = await opened.#rpc.listenTls({
      host: '127.0.0.1',
      port: 0,
      secureContext: () => ({ certificateChain: [server.certificate.der], privateKey: server.key }),
      verifyClient: () => {
        if (!opened.isTrusted) throw new Error('unknown authority');
      },
    });
    opened.#port = listener.port;
    return opened;
  }

  get port(): number {
    return this.#port;
  }

  connect(options: ConnectionOptions): TLSSocket {
    const identity = pemOf(agent);
    const socket = connect({
      ...{ host: '127.0.0.1', port: this.#port, rejectUnauthorized: false, ALPNProtocols: ['h2'] },
      ...identity,
      ...options,
    });
    return socket.on('error', () => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#rpc.stop();
  }
}

/** Opens HTTP/2, which makes a server send its settings behind any session ticket; how far that came. */
function open(socket: TLSSocket): Promise<{ readonly isServed: boolean; readonly isReused: boolean }> {
  return new Promise((resolve) => {
    let isReused = false;
    socket.once('secureConnect', () => {
      isReused = socket.isSessionReused();
    });
    socket.once('data', () => resolve({ isServed: true, isReused }));
    socket.once('close', () => resolve({ isServed: false, isReused }));
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  });
}

describe('a saved TLS session', () => {
  it.each(VERSIONS)('lets nobody in after the bundle has changed (%s)', async (version) => {
    await using port = await Port.open();
    const options = { minVersion: version, maxVersion: version };
    const first = port.connect(options);
    const sessions: Buffer[] = [];
    first.on('session', (session) => sessions.push(session));
    expect(await open(first)).toEqual({ isServed: true, isReused: false });
    const last = first.getSession();
    if (last !== undefined) sessions.push(last);
    first.destroy();
    expect(sessions.length).toBeGreaterThan(0);
    port.isTrusted = false;
    for (const session of sessions) {
      const second = port.connect({ ...options, session });
      expect(await open(second)).toEqual({ isServed: false, isReused: false });
    }
    expect(port.refusals).toHaveLength(sessions.length);
  });

  it.for(['-tls1_2', '-tls1_3'])('of openssl is not resumed either (%s)', async (version, { skip }) => {
    skip(findOnPath('openssl') === undefined, 'openssl is not on the PATH');
    await using port = await Port.open();
    using folder = new TemporaryFolder();
    const { cert, key } = pemOf(agent);
    writeFileSync(folder.file('cert.pem'), cert);
    writeFileSync(folder.file('key.pem'), key);
    const client = (...more: string[]) =>
      run(
        'openssl',
        [
          ...['s_client', '-connect', `127.0.0.1:${port.port}`, version, '-alpn', 'h2', '-ign_eof'],
          ...['-cert', folder.file('cert.pem'), '-key', folder.file('key.pem')],
          ...more,
        ],
        { stdin: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0' },
      );
    const first = await client('-sess_out', folder.file('session'));
    expect(first.stdout).toContain('New, TLSv1');
    const second = await client('-sess_in', folder.file('session'));
    expect(second.stdout).toContain('New, TLSv1');
    expect(second.stdout).not.toContain('Reused');
  });

  it('is offered by no client of ours to a server that would take it', async () => {
    const reused: boolean[] = [];
    const other = createServer({ ...pemOf(server), ALPNProtocols: ['h2'] }, (socket) => {
      reused.push(socket.isSessionReused());
      socket.on('error', () => {});
      // Long enough for the session tickets to be there, then the connection is lost.
      socket.once('data', () => socket.end());
    });
    const port = await listen(other);
    await using client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls: { verifyServer: () => {} } });
    for (let call = 0; call < 3; call += 1) {
      await expect(client.unary(HealthDefinition, 'check', { service: '' })).rejects.toThrow();
    }
    expect(reused).toEqual([false, false, false]);
    other.close();
  });
});

describe('renegotiation of TLS 1.2', () => {
  it('is refused: the peer that was verified stays the peer', async ({ skip }) => {
    skip(findOnPath('openssl') === undefined, 'openssl is not on the PATH');
    /** What openssl says after it asked for another handshake: it names each certificate that it is shown. */
    const renegotiate = async (port: number): Promise<string | undefined> => {
      const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', '-alpn', 'h2'];
      return (await run('openssl', args, { stdin: 'R\n' })).stderr.split('RENEGOTIATING')[1];
    };
    const willing = createServer({ ...pemOf(server), ALPNProtocols: ['h2'] }, (socket) => socket.on('error', () => {}));
    expect(await renegotiate(await listen(willing))).toContain('verify return');
    willing.close();
    await using port = await Port.open();
    const refused = await renegotiate(port.port);
    expect(refused).toBeDefined();
    expect(refused).not.toContain('verify return');
  });
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
