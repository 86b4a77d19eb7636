import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';

/** What a workload has from its Workload API, in PEM. */
export interface Workload {
  readonly spiffeId: string;
  readonly svid: string;
  readonly key: string;
  /** Whether it has a bundle of another trust domain. */
  readonly isFederated: boolean;
  /** The authorities by which it verifies its peer: those of the other trust domain, without one its own. */
  readonly peerBundle: string;
}

/**
 * A call between two workloads over mTLS, checked by OpenSSL and by the SPIFFE IDs alone. Resolves with undefined if it went
 * through, else with why not.
 */
export async function callOverMtls(client: Workload, server: Workload): Promise<string | undefined> {
  const listener = createServer(
    { cert: server.svid, key: server.key, ca: server.peerBundle, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      socket.on('error', () => {});
      if (idOf(socket) === client.spiffeId) socket.end(`hello ${client.spiffeId}`);
      else socket.destroy();
    },
  );
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  try {
    return await call(port, client, server);
  } finally {
    listener.close();
  }
}

function call(port: number, client: Workload, server: Workload): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({
      port,
      host: '127.0.0.1',
      cert: client.svid,
      key: client.key,
      ca: client.peerBundle,
      rejectUnauthorized: true,
      // The name of a workload is its SPIFFE ID.
      checkServerIdentity: (_, certificate) =>
        certificate.subjectaltname === `URI:${server.spiffeId}`
          ? undefined
          : new Error(`unexpected ${certificate.subjectaltname}`),
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.once('error', (error) => resolve(`${error.message}`));
    socket.once('close', () => resolve(answer === `hello ${client.spiffeId}` ? undefined : 'no answer'));
  });
}

function idOf(socket: TLSSocket): string | undefined {
  return /^URI:(.*)$/.exec(socket.getPeerCertificate().subjectaltname ?? '')?.[1];
}
