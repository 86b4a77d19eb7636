import { constants, type KeyObject } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** A chain longer than this is cut; the verifier then finds it incomplete. */
const LONGEST_CHAIN = 16;

/** No session tickets, since a resumed session would skip the look at the peer's certificates; no renegotiation. */
export const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

/** What Node's TLS takes as own certificate and key. The key leaves its `KeyObject` here, as TLS takes nothing else. */
export function tlsMaterial(
  certificateChain: readonly Uint8Array[],
  privateKey: KeyObject,
): { cert: string; key: string | Buffer } {
  return {
    cert: certificateChain.map(certificatePem).join(''),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** The certificates that the peer presented, in DER, leaf first; empty if it has none. */
export function peerChainDer(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  const leaf = socket.getPeerCertificate(true);
  // Without a certificate Node answers `{}` or null, whatever its types say.
  let current: typeof leaf | undefined = leaf?.raw === undefined ? undefined : leaf;
  while (current !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(new Uint8Array(current.raw));
    const issuer: typeof leaf | undefined = current.issuerCertificate;
    // A self-signed certificate is its own issuer.
    current = issuer === undefined || issuer === current ? undefined : issuer;
  }
  return chain;
}

function certificatePem(der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n').replace(/\n$/, '')}\n-----END CERTIFICATE-----\n`;
}
