import { randomInt } from 'node:crypto';
import { isSamePublicKey, type KeyType, parsePublicKey, publicKeyDer } from '../../crypto/key.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { JwtKey, SlotId } from './authority.ts';
import type { CredentialSettings } from './credential-settings.ts';
import type { JournalEntry } from './journal-format.ts';
import type { AuthorityKind } from './rotating-authority.ts';

/** What JWT keys are made of. */
export interface JwtKeyKindDeps {
  readonly settings: CredentialSettings;
  readonly keyType: KeyType;
  readonly keyManager: KeyManager;
  readonly bundles: BundleStore;
  readonly clock: Clock;
  readonly use: (key: JwtKey) => void;
}

/** Keys that sign JWT-SVIDs, under SPIRE's key ids. They live as long as X.509 CAs do. */
export function jwtKeyKind(deps: JwtKeyKindDeps): AuthorityKind<JwtKey> {
  return {
    label: 'JWT key',
    journalKind: 'jwtKeys',
    create: async (slotId) => {
      const signer = await deps.keyManager.generateKey(keyManagerIdOf(slotId), deps.keyType);
      const issuedAtSeconds = Math.floor(deps.clock.nowMs() / 1000);
      const notAfterSeconds = Math.floor(issuedAtSeconds + deps.settings.caTtlSeconds);
      return { authorityId: newKeyId(), issuedAtSeconds, notAfterSeconds, signer };
    },
    publicDer: (key) => publicKeyDer(key.signer.publicKey),
    restore: (entry) => restore(deps, entry),
    publish: async (key) => {
      const authority = {
        keyId: key.authorityId,
        publicKey: publicKeyDer(key.signer.publicKey),
        expiresAtSeconds: key.notAfterSeconds,
        tainted: false,
      };
      await deps.bundles.appendBundle({
        trustDomain: deps.settings.trustDomain,
        x509Authorities: [],
        jwtAuthorities: [authority],
        witAuthorities: [],
        refreshHintSeconds: 0,
        sequenceNumber: 0n,
      });
    },
    use: deps.use,
    describe: () => ({}),
  };
}

function keyManagerIdOf(slotId: SlotId): string {
  return `JWT-Signer-${slotId}`;
}

async function restore(
  { keyManager, bundles, settings }: JwtKeyKindDeps,
  entry: JournalEntry,
): Promise<JwtKey | { readonly unusable: string }> {
  const signer = await keyManager.findKey(keyManagerIdOf(entry.slotId));
  if (signer === undefined) return { unusable: 'no key manager key' };
  if (!isSamePublicKey(parsePublicKey(entry.publicDer), signer.publicKey)) {
    return { unusable: 'public key does not match key manager key' };
  }
  const bundle = await bundles.findBundle(settings.trustDomain);
  if (bundle?.jwtAuthorities.some(({ keyId }) => keyId === entry.authorityId) !== true) {
    return { unusable: 'key is not in the trust bundle' };
  }
  const { authorityId, issuedAtSeconds, notAfterSeconds } = entry;
  return { authorityId, issuedAtSeconds, notAfterSeconds, signer };
}

const KEY_ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** 32 random letters and digits, as SPIRE's. */
function newKeyId(): string {
  return Array.from({ length: 32 }, () => KEY_ID_ALPHABET[randomInt(KEY_ID_ALPHABET.length)]).join('');
}
