import { randomInt } from 'node:crypto';
import { parsePublicKey, publicKeyDer } from '../../crypto/key.ts';
import type { KeyAuthority } from '../../spiffe/authority-bundle.ts';
import type { JwtKey, SlotId } from './authority.ts';
import { type AuthorityKindDeps, restoreSigner, type Unusable } from './authority-kind-deps.ts';
import type { JournalEntry } from './journal-format.ts';
import type { AuthorityKind } from './rotating-authority.ts';

/** What JWT keys are made of. */
export interface JwtKeyKindDeps extends AuthorityKindDeps<JwtKey> {
  /** Takes a key to where those of the trust domain come together; it is in the bundle of this server when it resolves. */
  readonly publish: (key: KeyAuthority) => Promise<unknown>;
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
      return { authorityId: newKeyId(), issuedAtSeconds, notAfterSeconds, signer, upstreamAuthorityId: '' };
    },
    publicDer: (key) => publicKeyDer(key.signer.publicKey),
    restore: (entry) => restore(deps, entry),
    publish: async (key) => {
      await deps.publish({
        keyId: key.authorityId,
        publicKey: publicKeyDer(key.signer.publicKey),
        expiresAtSeconds: key.notAfterSeconds,
        tainted: false,
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
  { keyManager, bundles, settings }: AuthorityKindDeps<JwtKey>,
  entry: JournalEntry,
): Promise<JwtKey | Unusable> {
  const publicKey = parsePublicKey(entry.publicDer);
  const restored = await restoreSigner(keyManager, keyManagerIdOf(entry.slotId), publicKey);
  if ('unusable' in restored) return restored;
  const bundle = await bundles.findBundle(settings.trustDomain);
  if (bundle?.jwtAuthorities.some(({ keyId }) => keyId === entry.authorityId) !== true) {
    return { unusable: 'key is not in the trust bundle' };
  }
  const { authorityId, issuedAtSeconds, notAfterSeconds } = entry;
  return { authorityId, issuedAtSeconds, notAfterSeconds, signer: restored.signer, upstreamAuthorityId: '' };
}

const KEY_ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** 32 random letters and digits, as SPIRE's. */
function newKeyId(): string {
  return Array.from({ length: 32 }, () => KEY_ID_ALPHABET[randomInt(KEY_ID_ALPHABET.length)]).join('');
}
