import type { KeyType } from '../../../../crypto/key.ts';

/** What SPIRE calls keys, aliases and descriptions in KMS; keys can be taken over from one to the other by these. */
const ALIAS_PREFIX = 'alias/SPIRE_SERVER';
const DESCRIPTION_PREFIX = 'SPIRE_SERVER_KEY';

/** Tags by which keys are found, where the configuration asks for it. */
export const KMS_TAGS = {
  trustDomain: 'spire-server-td',
  serverId: 'spire-server-id',
  keyId: 'spire-key-id',
  /** `true` while a server uses the key. */
  isActive: 'spire-active',
  /** Seconds since the Unix epoch. */
  lastUpdate: 'spire-last-update',
} as const;

/** The names of a server's keys in KMS. */
export class KmsNames {
  readonly trustDomain: string;
  readonly serverId: string;

  /** @param serverId may hold slashes */
  constructor(trustDomain: string, serverId: string) {
    this.trustDomain = trustDomain;
    this.serverId = serverId;
  }

  /** What the aliases of all servers of the trust domain begin with. */
  get aliasPrefixOfTrustDomain(): string {
    return join(ALIAS_PREFIX, withoutDots(this.trustDomain), '');
  }

  /** What the aliases of this server begin with. */
  get aliasPrefix(): string {
    return join(this.aliasPrefixOfTrustDomain, this.serverId, '');
  }

  /** What the descriptions of all keys of the trust domain begin with. */
  get descriptionPrefix(): string {
    return join(DESCRIPTION_PREFIX, withoutDots(this.trustDomain), '');
  }

  aliasOf(keyId: string): string {
    return this.aliasPrefix + encodeKeyId(keyId);
  }

  descriptionOf(keyId: string): string {
    return this.descriptionPrefix + keyId;
  }

  /** The key id that an alias of this server stands for; undefined for those of others. */
  findKeyId(alias: string): string | undefined {
    const prefix = this.aliasPrefix;
    return alias.startsWith(prefix) && alias.length > prefix.length
      ? decodeKeyId(alias.slice(prefix.length))
      : undefined;
  }
}

/** Writes a key id as part of an alias, where KMS takes neither dots nor plus signs. */
export function encodeKeyId(keyId: string): string {
  return keyId.replaceAll('.', '_2e').replaceAll('+', '_2b');
}

/** Reads what {@link encodeKeyId} wrote. */
export function decodeKeyId(encoded: string): string {
  return encoded.replaceAll('_2e', '.').replaceAll('_2b', '+');
}

/** What KMS calls the kinds of keys. */
export const KMS_KEY_SPECS = {
  'ec-p256': 'ECC_NIST_P256',
  'ec-p384': 'ECC_NIST_P384',
  'rsa-2048': 'RSA_2048',
  'rsa-4096': 'RSA_4096',
} as const satisfies Readonly<Record<KeyType, string>>;

/** How a kind of key signs, as Go's x509 picks it. */
export const KMS_SIGNING_ALGORITHMS = {
  'ec-p256': { name: 'ECDSA_SHA_256', digest: 'sha256' },
  'ec-p384': { name: 'ECDSA_SHA_384', digest: 'sha384' },
  'rsa-2048': { name: 'RSASSA_PKCS1_V1_5_SHA_256', digest: 'sha256' },
  'rsa-4096': { name: 'RSASSA_PKCS1_V1_5_SHA_256', digest: 'sha256' },
} as const satisfies Readonly<Record<KeyType, object>>;

function withoutDots(trustDomain: string): string {
  return trustDomain.replaceAll('.', '_');
}

/** With one slash between parts; ends with one if the last part is empty. */
function join(...parts: readonly string[]): string {
  return parts.join('/').replaceAll(/\/+/g, '/');
}
