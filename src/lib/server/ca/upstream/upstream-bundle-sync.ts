import { Certificate } from '../../../crypto/certificate.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { Logger } from '../../../runtime/logger.ts';
import {
  type AuthorityBundle,
  emptyAuthorityBundle,
  type KeyAuthority,
  type X509Authority,
} from '../../../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { AuthorityStore, BundleStore } from '../../datastore/bundle-store.ts';

/** What keeping the bundle of the trust domain as upstream says depends on. */
export interface UpstreamBundleSyncDeps {
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'findBundle' | 'appendBundle'> & AuthorityStore;
  readonly log: Logger;
  /**
   * Called with roots that upstream has tainted and that are not tainted here yet, each time until they are: whoever is
   * told must stop to sign below them first, or agents would only get more of the same.
   */
  readonly onTaintedRoots: (roots: readonly Certificate[]) => void;
  /** Called with roots that are here and, without a taint that was seen here, not there any more. */
  readonly onMissingRoots: (roots: readonly Certificate[]) => void;
}

/**
 * Takes the authorities of an upstream authority over into the own bundle. What is new is added; what was tainted there
 * and is gone there now is revoked here. Nothing else that is gone is taken away: it expires.
 */
export class UpstreamBundleSync {
  readonly #deps: UpstreamBundleSyncDeps;
  #lastChange: Promise<unknown> = Promise.resolve();
  /** Key identifiers of the roots that upstream has. */
  #upstream: ReadonlySet<string> = new Set();

  constructor(deps: UpstreamBundleSyncDeps) {
    this.#deps = deps;
  }

  /** Whether upstream had this root when it was heard of last. */
  isUpstream({ subjectKeyId }: Certificate): boolean {
    return this.#upstream.has(hex(subjectKeyId));
  }

  /** Takes over all roots. Errors: those of the datastore, `invalid-certificate`. */
  syncX509Roots(roots: readonly X509Authority[]): Promise<void> {
    return this.#inTurn(() => this.#syncX509Roots(roots));
  }

  /** The same from an authority that tells its whole bundle, which shows what is missing there. */
  async syncX509Bundle(roots: readonly X509Authority[]): Promise<void> {
    await this.syncX509Roots(roots);
    const above = new Set(roots.map(keyIdOf));
    const { x509Authorities } = await this.#bundle();
    const missing = x509Authorities.filter((root) => !root.tainted && !above.has(keyIdOf(root)));
    if (missing.length > 0) this.#deps.onMissingRoots(missing.map(({ certificate }) => Certificate.parse(certificate)));
  }

  /** Adds keys; resolves with all. Errors: those of the datastore. */
  appendJwtKeys(keys: readonly KeyAuthority[]): Promise<readonly KeyAuthority[]> {
    return this.#inTurn(async () => {
      const { bundles, trustDomain } = this.#deps;
      const added = { ...emptyAuthorityBundle(trustDomain), jwtAuthorities: keys };
      return (await bundles.appendBundle(added)).jwtAuthorities;
    });
  }

  /** Takes over all keys, and what has become of them. Errors: those of the datastore. */
  syncJwtKeys(keys: readonly KeyAuthority[]): Promise<void> {
    return this.#inTurn(() => this.#syncJwtKeys(keys));
  }

  async #syncX509Roots(roots: readonly X509Authority[]): Promise<void> {
    const { log, bundles, trustDomain, onTaintedRoots } = this.#deps;
    const known = new Map((await this.#bundle()).x509Authorities.map((root) => [keyIdOf(root), root]));
    const isNews = (root: X509Authority): boolean => root.tainted && known.get(keyIdOf(root))?.tainted === false;
    const x509Authorities = roots.filter((root) => !isNews(root));
    if (x509Authorities.length > 0) {
      await bundles.appendBundle({ ...emptyAuthorityBundle(trustDomain), x509Authorities });
    }
    this.#upstream = new Set(roots.map(keyIdOf));
    for (const [keyId, { tainted }] of known) {
      if (!tainted || this.#upstream.has(keyId)) continue;
      await bundles.revokeX509Authority(trustDomain, keyId).catch(unlessDone);
      log.info('X.509 authority revoked', { subject_key_id: keyId });
    }
    const tainted = roots.filter(isNews);
    if (tainted.length > 0) onTaintedRoots(tainted.map(({ certificate }) => Certificate.parse(certificate)));
  }

  async #syncJwtKeys(keys: readonly KeyAuthority[]): Promise<void> {
    const { bundles, trustDomain } = this.#deps;
    const upstream = new Map(keys.map((key) => [key.keyId, key]));
    const known = (await this.#bundle()).jwtAuthorities;
    if (keys.length > 0) {
      await bundles.appendBundle({ ...emptyAuthorityBundle(trustDomain), jwtAuthorities: keys });
    }
    for (const { keyId, tainted } of known) {
      const above = upstream.get(keyId);
      if (above?.tainted === true && !tainted) {
        await bundles.taintKeyAuthority(trustDomain, 'jwt', keyId).catch(unlessDone);
      } else if (above === undefined && tainted) {
        await bundles.revokeKeyAuthority(trustDomain, 'jwt', keyId).catch(unlessDone);
      }
    }
  }

  async #bundle(): Promise<AuthorityBundle> {
    const { bundles, trustDomain } = this.#deps;
    return (await bundles.findBundle(trustDomain)) ?? emptyAuthorityBundle(trustDomain);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const change = this.#lastChange.then(work);
    this.#lastChange = change.catch(() => undefined);
    return change;
  }
}

/** The subject key identifier in hex, under which a root is tainted and revoked. */
function keyIdOf({ certificate }: X509Authority): string {
  return hex(Certificate.parse(certificate).subjectKeyId);
}

function hex(keyId: Uint8Array | undefined): string {
  return Buffer.from(keyId ?? []).toString('hex');
}

/** Another server on the same datastore may have been faster. */
function unlessDone(error: unknown): void {
  const { code } = SpirekitError.from(error);
  if (code !== 'not-found' && code !== 'invalid-argument') throw error;
}
