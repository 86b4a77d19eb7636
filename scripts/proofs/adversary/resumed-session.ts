import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { pemEncode } from '../../../src/lib/crypto/pem.ts';
import type { TlsIdentity } from '../../../test/support/authorization/foreign-authority.ts';

/** What came of a call over a TLS session that was had before. */
export interface ResumedCall {
  readonly wasResumed: boolean;
  /** The gRPC status, or undefined where none came. */
  readonly status: number | undefined;
}

/** Both kinds of sessions: those of TLS 1.2 come in the handshake, those of TLS 1.3 in messages after it. */
export const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

type TlsVersion = (typeof TLS_VERSIONS)[number];

/** A server that gives out sessions does so with its first messages. */
const SESSION_MS = 300;

/** Collects the sessions that a server gives an honest client, which shows its certificate and makes a call. */
export async function collectSessions(port: number, identity: TlsIdentity, version: TlsVersion): Promise<Buffer[]> {
  const socket = await open(port, { ...optionsOf(identity), ...versions(version) });
  const sessions: Buffer[] = [];
  socket.on('session', (session) => sessions.push(session));
  const status = await callOn(socket, '/spire.api.server.entry.v1.Entry/CountEntries', SESSION_MS);
  if (status !== 0) throw new Error(`the honest client was answered ${status}`);
  const held = socket.getSession();
  if (held !== undefined) sessions.push(held);
  socket.destroy();
  return sessions;
}

/** Calls over a session of somebody else's, with a certificate of one's own or none. */
export async function callResumed(
  port: number,
  path: string,
  options: { readonly session: Buffer; readonly identity: TlsIdentity | undefined; readonly version: TlsVersion },
): Promise<ResumedCall> {
  const own = options.identity === undefined ? {} : optionsOf(options.identity);
  try {
    const socket = await open(port, { ...own, ...versions(options.version), session: options.session });
    const wasResumed = socket.isSessionReused();
    const status = await callOn(socket, path, 0);
    socket.destroy();
    return { wasResumed, status };
  } catch {
    return { wasResumed: false, status: undefined };
  }
}

function versions(version: TlsVersion): ConnectionOptions {
  return { minVersion: version, maxVersion: version };
}

function optionsOf({ certificateChain, privateKey }: TlsIdentity): ConnectionOptions {
  const cert = certificateChain.map((der) => pemEncode('CERTIFICATE', der)).join('');
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

async function open(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'], ...options });
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(10_000) });
  return socket;
}

/** A call with an empty request; undefined if the connection ends without an answer. */
function callOn(socket: TLSSocket, path: string, lingerMs: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const session = connectHttp2('https://localhost', { createConnection: () => socket });
    let status: number | undefined;
    const end = (): void => {
      setTimeout(() => {
        session.destroy();
        resolve(status);
      }, lingerMs);
    };
    session.on('error', end);
    session.on('close', end);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const note = (headers: object): void => {
      const value: unknown = Reflect.get(headers, 'grpc-status');
      if (value !== undefined) status = Number(value);
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', end);
    stream.on('close', end);
    stream.resume();
    stream.end(Buffer.alloc(5));
  });
}
