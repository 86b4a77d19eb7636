import type { CallContext } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { AuthorityBundle, AuthorityBundleField } from '../../../../spiffe/authority-bundle.ts';
import { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { bundleFromWire, bundleToWire } from '../../../../wire/convert/bundle.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { OK } from '../../../../wire/convert/status.ts';
import {
  type BatchCreateFederatedBundleResponse_Result,
  type BatchDeleteFederatedBundleRequest,
  type BatchDeleteFederatedBundleResponse_Result,
  BatchDeleteFederatedBundleRequest_Mode as Mode,
} from '../../../../wire/gen/spire/api/server/bundle/v1/bundle.ts';
import type { Bundle, BundleMask } from '../../../../wire/gen/spire/api/types/bundle.ts';
import type { BundleDeleteMode, BundleStore } from '../../../datastore/bundle-store.ts';
import { answerBatch } from '../../batch.ts';
import { fromStore, storeFailure } from '../../store-failure.ts';

/** The bundles of other trust domains and the trust domain that is not one of them. */
export interface FederatedBundlesDeps {
  readonly trustDomain: TrustDomain;
  readonly bundles: BundleStore;
}

/** Items of a batch that create, update or set a bundle, all with the same shape of answer. */
export interface BundleBatch {
  readonly bundles: readonly Bundle[];
  readonly outputMask: BundleMask | undefined;
  /** For the refusal to touch the server's own bundle: `creating`, `updating`, `setting`. */
  readonly doing: string;
  readonly save: (bundle: AuthorityBundle) => Promise<AuthorityBundle>;
}

/** Checks, saves and returns the bundles of a batch one by one. */
export async function saveFederatedBundles(
  deps: FederatedBundlesDeps,
  batch: BundleBatch,
  call: CallContext,
): Promise<{ results: BatchCreateFederatedBundleResponse_Result[] }> {
  const handle = async (wire: Bundle): Promise<BatchCreateFederatedBundleResponse_Result> => {
    const what = `${batch.doing} a federated bundle for the server's own trust domain`;
    parseFederatedTrustDomain(deps.trustDomain, wire.trustDomain, what);
    const bundle = inField('failed to convert bundle', () => bundleFromWire(wire));
    return { status: OK, bundle: bundleToWire(await batch.save(withoutTaint(bundle)), batch.outputMask) };
  };
  const fail = (status: BatchCreateFederatedBundleResponse_Result['status']) => ({ status, bundle: undefined });
  return { results: await answerBatch(call, batch.bundles, { handle, fail }) };
}

/** Refuses a bundle that is there already. */
export async function createBundle(bundles: BundleStore, bundle: AuthorityBundle): Promise<AuthorityBundle> {
  try {
    return await bundles.createBundle(bundle);
  } catch (cause) {
    if (cause instanceof SpirekitError && cause.code === 'already-exists') {
      throw new SpirekitError('already-exists', 'bundle already exists', { cause });
    }
    throw storeFailure('unable to create bundle', cause);
  }
}

/** Replaces the masked fields of a bundle that must be there. */
export async function updateBundle(
  bundles: BundleStore,
  bundle: AuthorityBundle,
  mask: BundleMask | undefined,
): Promise<AuthorityBundle> {
  try {
    return await bundles.updateBundle(bundle, mask === undefined ? undefined : fieldsOfMask(mask));
  } catch (cause) {
    throw bundleNotFound(cause) ?? storeFailure('failed to update bundle', cause);
  }
}

/** Creates or replaces a bundle. */
export function setBundle(bundles: BundleStore, bundle: AuthorityBundle): Promise<AuthorityBundle> {
  return fromStore('failed to set bundle', bundles.setBundle(bundle));
}

/** Deletes bundles one by one; the mode says what becomes of entries that federate with them. */
export async function deleteFederatedBundles(
  deps: FederatedBundlesDeps,
  request: BatchDeleteFederatedBundleRequest,
  call: CallContext,
): Promise<{ results: BatchDeleteFederatedBundleResponse_Result[] }> {
  const mode = deleteMode(request.mode);
  const handle = async (name: string): Promise<BatchDeleteFederatedBundleResponse_Result> => {
    const what = 'removing the bundle for the server trust domain';
    const trustDomain = parseFederatedTrustDomain(deps.trustDomain, name, what);
    try {
      await deps.bundles.deleteBundle(trustDomain, mode);
    } catch (cause) {
      throw bundleNotFound(cause) ?? storeFailure('failed to delete federated bundle', cause, ['failed-precondition']);
    }
    return { status: OK, trustDomain: name };
  };
  const results = await answerBatch(call, request.trustDomains, {
    handle,
    fail: (status, trustDomain) => ({ status, trustDomain }),
  });
  return { results };
}

/**
 * The trust domain that a request names. Error: `invalid-argument`, also for the server's own.
 *
 * @param what is not allowed with the server's own trust domain
 */
export function parseFederatedTrustDomain(own: TrustDomain, name: string, what: string): TrustDomain {
  const trustDomain = inField('trust domain argument is not valid', () => TrustDomain.parse(name));
  if (trustDomain.equals(own)) throw new SpirekitError('invalid-argument', `${what} is not allowed`);
  return trustDomain;
}

/** Whether an authority is tainted is for its own trust domain to say, through the authorities' API. */
export function withoutTaint(bundle: AuthorityBundle): AuthorityBundle {
  const clear = <T extends { readonly tainted: boolean }>(authority: T): T => ({ ...authority, tainted: false });
  return {
    ...bundle,
    x509Authorities: bundle.x509Authorities.map(clear),
    jwtAuthorities: bundle.jwtAuthorities.map(clear),
    witAuthorities: bundle.witAuthorities.map(clear),
  };
}

function bundleNotFound(cause: unknown): SpirekitError | undefined {
  const isMissing = cause instanceof SpirekitError && cause.code === 'not-found';
  return isMissing ? new SpirekitError('not-found', 'bundle not found', { cause }) : undefined;
}

function fieldsOfMask(mask: BundleMask): ReadonlySet<AuthorityBundleField> {
  const fields = new Set<AuthorityBundleField>();
  if (mask.x509Authorities) fields.add('x509Authorities');
  if (mask.jwtAuthorities) fields.add('jwtAuthorities');
  if (mask.witAuthorities) fields.add('witAuthorities');
  if (mask.refreshHint) fields.add('refreshHintSeconds');
  if (mask.sequenceNumber) fields.add('sequenceNumber');
  return fields;
}

function deleteMode(wire: number): BundleDeleteMode {
  switch (wire) {
    case Mode.RESTRICT:
      return 'restrict';
    case Mode.DELETE:
      return 'delete';
    case Mode.DISSOCIATE:
      return 'dissociate';
  }
  throw new SpirekitError('invalid-argument', `failed to parse deletion mode: unhandled delete mode "${wire}"`);
}
