/**
 * A KeyManager plugin with keys in its memory. The first argument makes it misbehave: `wrong-signature`,
 * `wrong-type`, `wrong-id`, `wrong-fingerprint`, `no-key`, `crash-on-sign`.
 */
import {
  constants,
  createECDH,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
} from 'node:crypto';
import { derInteger, derSequence } from '../../src/lib/crypto/der/writer.ts';
import {
  pluginLogger,
  pluginService,
  RpcCode,
  RpcError,
  servePlugin,
  serverKeyManager,
} from '../../src/lib/plugin/index.ts';

const { HashAlgorithm, KeyManagerDefinition, KeyType } = serverKeyManager;
const misdeed = process.argv[2];
const log = pluginLogger();
const keys = new Map<string, { readonly privateKey: KeyObject; readonly publicKey: serverKeyManager.PublicKey }>();

/** What stands before a SHA-256 digest in an RSA signature (PKCS #1, section 9.2). */
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

const CURVES = {
  'P-256': {
    name: 'prime256v1',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    bytes: 32,
  },
  'P-384': {
    name: 'secp384r1',
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    bytes: 48,
  },
} as const;

function makePrivateKey(type: serverKeyManager.KeyType): KeyObject {
  switch (type) {
    case KeyType.EC_P256:
      return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
    case KeyType.EC_P384:
      return generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey;
    case KeyType.RSA_2048:
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case KeyType.RSA_4096:
      return generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey;
    default:
      throw new RpcError(RpcCode.invalidArgument, 'key type is required');
  }
}

/** ECDSA over a digest, which node:crypto insists on making itself (FIPS 186-5, section 6.4.1). */
function signEc(key: KeyObject, digest: Uint8Array): Uint8Array {
  const { crv, d = '' } = key.export({ format: 'jwk' });
  const { name, order, bytes } = crv === 'P-384' ? CURVES['P-384'] : CURVES['P-256'];
  const ephemeral = createECDH(name);
  const point = ephemeral.generateKeys();
  const r = toNumber(point.subarray(1, 1 + bytes)) % order;
  const e = toNumber(digest.subarray(0, bytes));
  const s =
    (invert(toNumber(ephemeral.getPrivateKey()), order) * (e + r * toNumber(Buffer.from(d, 'base64url')))) % order;
  return derSequence(derInteger(r), derInteger(s));
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** By Fermat: the order is a prime. */
function invert(value: bigint, order: bigint): bigint {
  let result = 1n;
  let base = value % order;
  for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

function signRsa(key: KeyObject, digest: Uint8Array): Uint8Array {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([SHA256_INFO, digest]));
}

await servePlugin({
  type: 'KeyManager',
  services: [
    pluginService(KeyManagerDefinition, {
      async generateKey({ keyId, keyType }) {
        const privateKey = makePrivateKey(misdeed === 'wrong-type' ? KeyType.EC_P384 : keyType);
        const pkixData = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
        const fingerprint = createHash('sha256').update(pkixData).digest('hex');
        const publicKey = { id: misdeed === 'wrong-id' ? 'another' : keyId, type: keyType, pkixData, fingerprint };
        keys.set(keyId, { privateKey, publicKey });
        log.info('Key made', { key_id: keyId });
        return { publicKey: misdeed === 'no-key' ? undefined : publicKey };
      },
      getPublicKey: async ({ keyId }) => ({ publicKey: keys.get(keyId)?.publicKey }),
      getPublicKeys: async () => ({ publicKeys: [...keys.values()].map(({ publicKey }) => publicKey) }),
      async signData({ keyId, data, signerOpts }) {
        if (misdeed === 'crash-on-sign') process.exit(3);
        const key = keys.get(keyId);
        if (key === undefined) throw new RpcError(RpcCode.notFound, `no such key "${keyId}"`);
        const wanted =
          key.privateKey.asymmetricKeyType === 'rsa' || data.length === 32
            ? HashAlgorithm.SHA256
            : HashAlgorithm.SHA384;
        if (signerOpts?.$case !== 'hashAlgorithm' || signerOpts.value !== wanted) {
          throw new RpcError(RpcCode.invalidArgument, 'unsupported hash algorithm');
        }
        const digest = misdeed === 'wrong-signature' ? Buffer.alloc(data.length) : data;
        const isRsa = key.privateKey.asymmetricKeyType === 'rsa';
        const signature = isRsa ? signRsa(key.privateKey, digest) : signEc(key.privateKey, digest);
        return { signature, keyFingerprint: misdeed === 'wrong-fingerprint' ? 'another' : key.publicKey.fingerprint };
      },
    }),
  ],
});
