import { Certificate } from '../crypto/certificate.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { Document } from './document.ts';
import type { SourceContext } from './source-context.ts';
import { shakeHands } from './tls-handshake.ts';

/**
 * What a TLS peer presents to somebody who shows no certificate. Nothing is verified and nothing sent but the handshake.
 *
 * @throws HandshakeError; the signal's reason
 */
export async function peerChain(
  { host, port }: { readonly host: string; readonly port: number },
  { clock, signal, timeoutMs }: Pick<SourceContext, 'clock' | 'signal' | 'timeoutMs'>,
): Promise<Document> {
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { socket, chainDer } = await shakeHands({ host, port, clock, signal, timeoutMs });
  // An error that comes now is about our having no certificate, which is no concern here.
  socket.on('error', () => {});
  socket.destroy();
  try {
    const certificates = chainDer.map((der) => Certificate.parse(der));
    if (certificates.length === 0) throw new SpirekitError('invalid-x509-svid', 'the peer presents no certificate');
    return { kind: 'chain', name, certificates, key: 'absent', hint: '' };
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return { kind: 'unreadable', name, takenFor: 'x509', error };
  }
}
