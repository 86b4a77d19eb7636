import { pemEncode } from '../../crypto/pem.ts';
import type { JsonValue } from '../protojson.ts';
import type { MintedX509Svid } from '../svid-minting.ts';

/** A minted X509-SVID in PEM: what `x509 mint` prints or writes. */
export interface MintedPem {
  readonly chain: string;
  readonly privateKey: string;
  readonly roots: string;
}

export function mintedPem(minted: MintedX509Svid): MintedPem {
  return {
    chain: certificates(minted.chain),
    privateKey: pemEncode('PRIVATE KEY', minted.privateKey),
    roots: certificates(minted.roots),
  };
}

/** The text of `x509 mint`. */
export function formatMinted(minted: MintedX509Svid): string {
  const pem = mintedPem(minted);
  return `X509-SVID:\n${pem.chain}\nPrivate key:\n${pem.privateKey}\nRoot CAs:\n${pem.roots}\n`;
}

/** The JSON of `x509 mint`, which is no message of the API. */
export function mintedJson(minted: MintedX509Svid): JsonValue {
  return {
    x509_svid: minted.chain.map(base64),
    private_key: base64(minted.privateKey),
    root_cas: minted.roots.map(base64),
  };
}

function certificates(ders: readonly Uint8Array[]): string {
  return ders.map((der) => pemEncode('CERTIFICATE', der)).join('');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
