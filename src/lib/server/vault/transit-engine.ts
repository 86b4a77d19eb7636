import { hash, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../../crypto/base64.ts';
import { type KeyType, parsePublicKey } from '../../crypto/key.ts';
import { pemDecodeAll } from '../../crypto/pem.ts';
import { getDefaultSignatureAlgorithm } from '../../crypto/signature-algorithm.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { type AnswerObject, getObject, getString, getStrings } from './vault-answer.ts';
import type { VaultCallOptions, VaultClient } from './vault-client.ts';
import { encodePath } from './vault-path.ts';

/** A signing key of a transit secrets engine. */
export interface TransitKey {
  readonly name: string;
  /** The newest when it was looked at. It signs with this one, even if somebody rotates the key meanwhile. */
  readonly version: number;
  readonly publicKey: KeyObject;
  /** Nanoseconds since the Unix epoch, as fine as Vault tells: two keys may be made within a millisecond. */
  readonly createdAtNs: bigint;
}

const TRANSIT_TYPES: Readonly<Record<KeyType, string>> = {
  'ec-p256': 'ecdsa-p256',
  'ec-p384': 'ecdsa-p384',
  'rsa-2048': 'rsa-2048',
  'rsa-4096': 'rsa-4096',
};

/** A transit secrets engine of Vault: it makes keys and signs with them, and never gives them out. */
export class TransitEngine {
  readonly #client: VaultClient;
  readonly #path: string;

  /** @param path where the engine is mounted, such as `transit` */
  constructor(client: VaultClient, path: string) {
    this.#client = client;
    this.#path = encodePath(path);
  }

  /** For messages. */
  get place(): string {
    return `transit engine ${JSON.stringify(decodeURIComponent(this.#path))} of Vault at ${this.#client.address}`;
  }

  async createKey(name: string, type: KeyType, options: VaultCallOptions = {}): Promise<TransitKey> {
    const body = { type: TRANSIT_TYPES[type], exportable: false, auto_rotate_period: 0 };
    await this.#client.call({ method: 'POST', path: this.#keyPath(name), body }, options);
    return await this.getKey(name, options);
  }

  /** Error: `not-found`. */
  async getKey(name: string, options: VaultCallOptions = {}): Promise<TransitKey> {
    return parseTransitKey(name, await this.#client.call({ method: 'GET', path: this.#keyPath(name) }, options));
  }

  /** The names of all keys, those of others included. */
  async listKeyNames(options: VaultCallOptions = {}): Promise<readonly string[]> {
    const answer = await this.#client.find({ method: 'GET', path: `${this.#path}/keys?list=true` }, options);
    return answer === undefined ? [] : getStrings(getObject(answer, 'data'), 'keys');
  }

  /** Resolves also where there is no such key. */
  async deleteKey(name: string, options: VaultCallOptions = {}): Promise<void> {
    const path = this.#keyPath(name);
    try {
      await this.#client.call({ method: 'POST', path: `${path}/config`, body: { deletion_allowed: true } }, options);
      await this.#client.call({ method: 'DELETE', path }, options);
    } catch (error) {
      // Vault tells of a key that is not there by the code for bad requests.
      if (await this.#isGone(name, options)) return;
      throw error;
    }
  }

  /** What `Signer.sign` makes: the hash is the key's own, ECDSA comes as DER, RSA as PKCS#1 v1.5. */
  async sign(
    { name, version, publicKey }: TransitKey,
    data: Uint8Array,
    options: VaultCallOptions = {},
  ): Promise<Uint8Array> {
    const { digest, keyType } = getDefaultSignatureAlgorithm(publicKey);
    if (digest === null)
      throw new SpirekitError('internal', `key ${JSON.stringify(name)} is of no kind that is made here`);
    const body = {
      input: hash(digest, data, 'base64'),
      key_version: version,
      prehashed: true,
      marshaling_algorithm: 'asn1',
      ...(keyType === 'rsa' && { signature_algorithm: 'pkcs1v15' }),
    };
    const path = `${this.#path}/sign/${encodeURIComponent(name)}/sha2-${digest.slice('sha'.length)}`;
    return parseTransitSignature(await this.#client.call({ method: 'POST', path, body }, options));
  }

  async #isGone(name: string, options: VaultCallOptions): Promise<boolean> {
    const path = this.#keyPath(name);
    return (await this.#client.find({ method: 'GET', path }, options).catch(() => ({}))) === undefined;
  }

  #keyPath(name: string): string {
    return `${this.#path}/keys/${encodeURIComponent(name)}`;
  }
}

/**
 * Reads the answer to a question for a key.
 *
 * @throws SpirekitError `unavailable` for one without a public key of its newest version
 */
export function parseTransitKey(name: string, answer: AnswerObject): TransitKey {
  const data = getObject(answer, 'data');
  const latest = data['latest_version'];
  const version = typeof latest === 'number' && Number.isSafeInteger(latest) ? latest : 0;
  const key = getObject(getObject(data, 'keys'), String(version));
  const created = getString(key, 'creation_time');
  const pem = getString(key, 'public_key');
  try {
    const [block] = pemDecodeAll(pem);
    const createdAtNs = parseMoment(created);
    if (block === undefined || createdAtNs === undefined) throw new SpirekitError('invalid-encoding', 'incomplete');
    return { name, version, publicKey: parsePublicKey(block.der), createdAtNs };
  } catch (cause) {
    throw new SpirekitError('unavailable', `what Vault tells of key ${JSON.stringify(name)} cannot be read`, { cause });
  }
}

/** A moment as Go writes it (RFC 3339, up to nine digits of a second); undefined for anything else. */
function parseMoment(text: string): bigint | undefined {
  const [, whole = '', fraction = '', zone = ''] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const wholeMs = Date.parse(`${whole}${zone}`);
  return Number.isNaN(wholeMs) ? undefined : BigInt(wholeMs) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/**
 * Reads the answer to signing: `vault:v<version>:<base64>`.
 *
 * @throws SpirekitError `unavailable`
 */
export function parseTransitSignature(answer: AnswerObject): Uint8Array {
  const found = /^vault:v[1-9][0-9]{0,9}:([A-Za-z0-9+/=]+)$/.exec(getString(getObject(answer, 'data'), 'signature'));
  try {
    if (found?.[1] !== undefined) return decodeBase64(found[1]);
  } catch {
    // Told below.
  }
  throw new SpirekitError('unavailable', 'the signature that Vault made cannot be read');
}
