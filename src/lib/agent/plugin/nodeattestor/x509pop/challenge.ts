import { constants, type KeyObject, randomBytes, sign } from 'node:crypto';
import { SpirekitError } from '../../../../runtime/errors.ts';

const NONCE_BYTES = 32;

/** No challenge of two short fields comes near. */
const LARGEST_CHALLENGE_BYTES = 64 * 1024;

/**
 * Answers a challenge of SPIRE's x509pop node attestor: signs the SHA-256 of its nonce and one of ours, with ECDSA or
 * RSA-PSS as the key asks. Both are JSON with bytes in base64. Errors: `internal`.
 */
export function answerChallenge(challenge: Uint8Array, privateKey: KeyObject): Uint8Array {
  switch (privateKey.asymmetricKeyType) {
    case 'ec': {
      const { nonce, signed } = combine(nonceOf(challenge, 'ecdsa_signature'));
      const signature = sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const [r, s] = [signature.subarray(0, signature.length / 2), signature.subarray(signature.length / 2)];
      return json({ rsa_signature: null, ecdsa_signature: { nonce: text(nonce), r: text(r), s: text(s) } });
    }
    case 'rsa': {
      const { nonce, signed } = combine(nonceOf(challenge, 'rsa_signature'));
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const signature = sign('sha256', signed, { key: privateKey, padding });
      return json({ rsa_signature: { nonce: text(nonce), signature: text(signature) }, ecdsa_signature: null });
    }
    default:
      throw refused(`unsupported private key type ${privateKey.asymmetricKeyType}`);
  }
}

function nonceOf(challenge: Uint8Array, kind: 'ecdsa_signature' | 'rsa_signature'): Uint8Array {
  const encoded = memberOf(memberOf(parse(challenge), kind), 'nonce');
  const nonce = typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : undefined;
  if (nonce?.length !== NONCE_BYTES) throw refused('invalid challenge nonce');
  return nonce;
}

function parse(challenge: Uint8Array): unknown {
  if (challenge.length > LARGEST_CHALLENGE_BYTES) throw refused('the challenge is too large');
  try {
    return JSON.parse(Buffer.from(challenge).toString('utf8'));
  } catch (cause) {
    throw refused('unable to unmarshal challenge', cause);
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function combine(challenge: Uint8Array): { readonly nonce: Uint8Array; readonly signed: Uint8Array } {
  const nonce = randomBytes(NONCE_BYTES);
  return { nonce, signed: Buffer.concat([challenge, nonce]) };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function json(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

function refused(reason: string, cause?: unknown): SpirekitError {
  return new SpirekitError('internal', `nodeattestor(x509pop): ${reason}`, { cause });
}
