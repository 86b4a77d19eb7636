import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { CryptoError } from '../crypto/crypto-error.ts';
import { publicKeyDer } from '../crypto/key.ts';
import { SpirekitError } from '../runtime/errors.ts';

/** An RSA key of so many bits takes seconds to make; larger ones verify nothing that smaller ones do not. */
const MOST_RSA_BITS = 4096;
const LEAST_RSA_BITS = 2048;

/** More keys than a conversation of hours has: making one takes up to a second. */
const MOST_KEYS = 10_000;

/** Keys for keys: each gets a new one of its kind, the same each time. */
export class FreshKeys {
  readonly #made = new Map<string, Promise<KeyObject>>();
  readonly #byPublicKey = new Map<string, KeyObject>();
  /** By key ID, for tokens whose key is not known yet. */
  readonly #byId = new Map<string, Promise<KeyObject>>();

  /** The private key that stands for the one with this SubjectPublicKeyInfo. Errors: `resource-exhausted`. */
  forKey(spki: Uint8Array): Promise<KeyObject> {
    const name = Buffer.from(spki).toString('base64');
    const made = this.#made.get(name) ?? this.#make(spki);
    this.#made.set(name, made);
    return made;
  }

  /** The private key that was made for somebody and whose public half is this. */
  findMade(spki: Uint8Array): KeyObject | undefined {
    return this.#byPublicKey.get(Buffer.from(spki).toString('base64'));
  }

  /** The same for a key of a JWK set; tokens with its ID are signed by the result. */
  forJwk(keyId: string, spki: Uint8Array): Promise<KeyObject> {
    if (keyId === '') return this.forKey(spki);
    const made = this.#byId.get(keyId) ?? this.forKey(spki);
    this.#byId.set(keyId, made);
    return made;
  }

  /** The key that signs tokens with this key ID. @param algorithm of the token's header, where the key is not known */
  forToken(keyId: string, algorithm: string): Promise<KeyObject> {
    const made = this.#byId.get(keyId) ?? makeKind(kindOfAlgorithm(algorithm));
    this.#byId.set(keyId, made);
    return made;
  }

  async #make(spki: Uint8Array): Promise<KeyObject> {
    if (this.#made.size >= MOST_KEYS) {
      throw new SpirekitError('resource-exhausted', `there are more than ${MOST_KEYS} keys in this conversation`);
    }
    const made = await makeLike(findKey(spki));
    this.#byPublicKey.set(Buffer.from(publicKeyDer(made)).toString('base64'), made);
    return made;
  }
}

type Kind =
  | { readonly type: 'rsa'; readonly bits: number }
  | { readonly type: 'ec'; readonly curve: string }
  | { readonly type: 'ed25519' };

const USUAL: Kind = { type: 'ec', curve: 'prime256v1' };

/** A key of the same kind as this one; of a kind that cannot be told or made, the usual one. */
export function makeLike(key: KeyObject | undefined): Promise<KeyObject> {
  const details = key?.asymmetricKeyDetails;
  switch (key?.asymmetricKeyType) {
    case 'rsa': {
      const bits = details?.modulusLength ?? LEAST_RSA_BITS;
      return makeKind({ type: 'rsa', bits: Math.min(Math.max(bits, LEAST_RSA_BITS), MOST_RSA_BITS) });
    }
    case 'ec':
      return makeKind({ type: 'ec', curve: details?.namedCurve ?? 'prime256v1' });
    case 'ed25519':
      return makeKind({ type: 'ed25519' });
    default:
      return makeKind(USUAL);
  }
}

const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

function makeKind(kind: Kind): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _public: KeyObject, made: KeyObject): void => {
      if (error === null) resolve(made);
      else reject(new CryptoError('invalid-key', 'cannot make a key', { cause: error }));
    };
    if (kind.type === 'rsa') generateKeyPair('rsa', { modulusLength: kind.bits }, done);
    else if (kind.type === 'ed25519') generateKeyPair('ed25519', {}, done);
    else generateKeyPair('ec', { namedCurve: CURVES.has(kind.curve) ? kind.curve : 'prime256v1' }, done);
  });
}

function kindOfAlgorithm(algorithm: string): Kind {
  if (/^[RP]S/.test(algorithm)) return { type: 'rsa', bits: LEAST_RSA_BITS };
  if (algorithm === 'ES384') return { type: 'ec', curve: 'secp384r1' };
  return algorithm === 'ES512' ? { type: 'ec', curve: 'secp521r1' } : USUAL;
}

function findKey(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
