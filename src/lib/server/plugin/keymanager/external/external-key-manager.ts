import { hash, type KeyObject } from 'node:crypto';
import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import { findKeyType, type KeyType, parsePublicKey } from '../../../../crypto/key.ts';
import { getDefaultSignatureAlgorithm, isSignatureValid } from '../../../../crypto/signature-algorithm.ts';
import { RpcCode } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { goQuote } from '../../../../runtime/go-quote.ts';
import {
  HashAlgorithm,
  KeyManagerDefinition,
  type PublicKey,
  KeyType as WireKeyType,
} from '../../../../wire/gen/spire/plugin/server/keymanager/v1/keymanager.ts';
import type { KeyManager, ManagedKey } from '../key-manager.ts';

/** As SPIRE's. */
const CALL_OPTIONS = { timeoutMs: 30_000 };

/** A server has a handful of keys. */
const MAX_KEYS = 1_000;
const MAX_FINGERPRINT_LENGTH = 1_024;

const KEY_TYPES = {
  'ec-p256': WireKeyType.EC_P256,
  'ec-p384': WireKeyType.EC_P384,
  'rsa-2048': WireKeyType.RSA_2048,
  'rsa-4096': WireKeyType.RSA_4096,
} as const satisfies Record<KeyType, WireKeyType>;

const HASHES = {
  sha256: HashAlgorithm.SHA256,
  sha384: HashAlgorithm.SHA384,
  sha512: HashAlgorithm.SHA512,
} as const;

/** A key manager that is a program of its own. What it answers is checked: signatures by their public keys, too. */
export const externalKeyManager: ExternalPluginType<KeyManager> = {
  service: KeyManagerDefinition,
  adapt: (plugin) => new ExternalKeyManager(plugin),
};

class ExternalKeyManager implements KeyManager {
  readonly name: string;
  readonly #plugin: ExternalPlugin;

  constructor(plugin: ExternalPlugin) {
    this.name = plugin.name;
    this.#plugin = plugin;
  }

  async generateKey(
    id: string,
    type: KeyType,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ManagedKey> {
    signal?.throwIfAborted();
    if (id === '') throw new SpirekitError('invalid-argument', 'key id is required');
    const request = { keyId: id, keyType: KEY_TYPES[type] };
    const { publicKey } = await this.#plugin.unary(KeyManagerDefinition, 'generateKey', request, {
      ...CALL_OPTIONS,
      signal,
    });
    const key = this.#managedKey(id, publicKey);
    if (findKeyType(key.publicKey) !== type) throw this.#wrong(`key ${goQuote(id)} is not of type ${type}`);
    return key;
  }

  async findKey(id: string): Promise<ManagedKey | undefined> {
    try {
      const { publicKey } = await this.#plugin.unary(KeyManagerDefinition, 'getPublicKey', { keyId: id }, CALL_OPTIONS);
      return publicKey && this.#managedKey(id, publicKey);
    } catch (error) {
      if (error instanceof SpirekitError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  async listKeys(): Promise<readonly ManagedKey[]> {
    const { publicKeys } = await this.#plugin.unary(KeyManagerDefinition, 'getPublicKeys', {}, CALL_OPTIONS);
    if (publicKeys.length > MAX_KEYS) throw this.#wrong(`${publicKeys.length} keys, more than ${MAX_KEYS}`);
    const keys = publicKeys.map((key) => this.#managedKey(key.id, key));
    return keys.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }

  /** The sentences are SPIRE's. */
  #managedKey(id: string, wire: PublicKey | undefined): ManagedKey {
    if (wire === undefined) throw this.#error(`plugin response empty for key ${goQuote(id)}`);
    if (wire.id !== id) {
      throw this.#error(`plugin response has unexpected key id ${goQuote(wire.id)} for key ${goQuote(id)}`);
    }
    if (wire.pkixData.length === 0) {
      throw this.#error(`plugin response missing public key PKIX data for key ${goQuote(id)}`);
    }
    if (wire.fingerprint.length > MAX_FINGERPRINT_LENGTH) {
      throw this.#wrong(`the fingerprint of key ${goQuote(id)} is longer than ${MAX_FINGERPRINT_LENGTH} characters`);
    }
    const publicKey = this.#publicKey(id, wire.pkixData);
    const { fingerprint } = wire;
    return { id, publicKey, sign: (data) => this.#sign({ id, publicKey, fingerprint }, data) };
  }

  #publicKey(id: string, pkix: Uint8Array): KeyObject {
    try {
      return parsePublicKey(new Uint8Array(pkix));
    } catch (cause) {
      const reason = SpirekitError.from(cause).message;
      throw this.#error(`unable to parse public key PKIX data for key ${goQuote(id)}: ${reason}`, cause);
    }
  }

  async #sign(key: SigningKey, data: Uint8Array): Promise<Uint8Array> {
    const { id, publicKey, fingerprint } = key;
    const algorithm = getDefaultSignatureAlgorithm(publicKey);
    if (algorithm.digest === null) throw this.#wrong(`key ${goQuote(id)} is of a kind that signs without a digest`);
    const { signature, keyFingerprint } = await this.#plugin.unary(
      KeyManagerDefinition,
      'signData',
      {
        keyId: id,
        data: hash(algorithm.digest, data, 'buffer'),
        signerOpts: { $case: 'hashAlgorithm', value: HASHES[algorithm.digest] },
      },
      CALL_OPTIONS,
    );
    if (signature.length === 0) throw this.#error('plugin returned empty signature data');
    if (keyFingerprint !== fingerprint) {
      throw this.#error(
        `fingerprint ${goQuote(fingerprint)} on key ${goQuote(id)} does not match ${goQuote(keyFingerprint.slice(0, MAX_FINGERPRINT_LENGTH))}`,
      );
    }
    if (!isSignatureValid(algorithm, data, signature, publicKey)) {
      throw this.#wrong(`the signature is not one of key ${goQuote(id)}`);
    }
    return signature;
  }

  #error(sentence: string, cause?: unknown): SpirekitError {
    return this.#plugin.error(RpcCode.internal, sentence, cause);
  }

  #wrong(what: string): SpirekitError {
    return this.#error(`plugin response is wrong: ${what}`);
  }
}

/** What a signature is made with. */
interface SigningKey {
  readonly id: string;
  readonly publicKey: KeyObject;
  /** What the plugin called this key when it was made: it may have another one of the same id by now. */
  readonly fingerprint: string;
}
