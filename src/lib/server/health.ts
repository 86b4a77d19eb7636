import { parsePublicKey } from '../crypto/key.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { HealthReport } from '../runtime/health-listener.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { AuthorityManager } from './ca/authority-manager.ts';
import type { ServerCa } from './ca/server-ca.ts';
import type { ServerCatalog } from './catalog/server-catalog.ts';
import type { BundleStore } from './datastore/bundle-store.ts';
import type { WriteCheck } from './datastore/write-check.ts';

/** The parts whose health makes that of the server. */
export interface ServerHealthDeps {
  readonly trustDomain: TrustDomain;
  readonly datastore: WriteCheck & { readonly bundles: Pick<BundleStore, 'findBundle' | 'listBundles'> };
  readonly ca: ServerCa;
  readonly authorities: Pick<AuthorityManager, 'isHealthy'>;
  readonly catalog: Pick<ServerCatalog, 'troubles'>;
}

/** The types of plugins without which the server does its work. */
const DISPENSABLE: ReadonlySet<string> = new Set(['BundlePublisher', 'Notifier']);

/** A public key on P-256 whose private half nobody has. */
const NOBODYS_KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDxMylz0csk2OMGN/l6N+ZJBqM8XQJY9BQbh3pPIavL8EPmVZk0im+k2LkQyH9uvbk29f163JJuVGrHt3rVFrZA==';

/**
 * Looks at the bundle, at the CA and at rotation; the names and members of the details are SPIRE's. Other than SPIRE's
 * server, one whose datastore takes no writes, or which misses an external plugin, is not ready; it stays live, since it
 * still answers what it knows.
 */
export async function checkServerHealth(deps: ServerHealthDeps): Promise<HealthReport> {
  const spiffeId = SpiffeId.fromPath(deps.trustDomain, '/for/health/check/only');
  const publicKey = parsePublicKey(Buffer.from(NOBODYS_KEY, 'base64'));
  const { bundles } = deps.datastore;
  const [bundleError, listError, signError, writeError] = await Promise.all([
    findError(async () => {
      const bundle = await bundles.findBundle(deps.trustDomain);
      if (bundle === undefined) throw new SpirekitError('not-found', 'bundle not found');
    }),
    findError(() => bundles.listBundles({ size: 1, token: '' })),
    findError(() => deps.ca.signWorkloadX509Svid({ spiffeId, publicKey })),
    findError(() => deps.datastore.checkWritable()),
  ]);
  const rotationError = deps.authorities.isHealthy ? undefined : 'rotations exceed the threshold number of failures';
  const isWell = [bundleError, listError, signError, rotationError].every((error) => error === undefined);
  const { troubles } = deps.catalog;
  const isMissed = troubles.some(({ type }) => !DISPENSABLE.has(type));
  return {
    isLive: isWell,
    isReady: isWell && writeError === undefined && !isMissed,
    details: {
      'catalog.datastore': {
        ...(listError !== undefined && { list_bundle_err: listError }),
        ...(writeError !== undefined && { write_err: writeError }),
      },
      server: bundleError === undefined ? {} : { get_bundle_err: bundleError },
      'server.ca': signError === undefined ? {} : { sign_x509_svid_err: signError },
      ...(troubles.length > 0 && {
        'server.catalog': Object.fromEntries(troubles.map(({ type, name, trouble }) => [`${type} ${name}`, trouble])),
      }),
      'server.ca.rotator': rotationError === undefined ? {} : { rotation_err: rotationError },
    },
  };
}

async function findError(check: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return SpirekitError.from(error).message;
  }
}
