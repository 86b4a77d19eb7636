import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { type AuthorityBundle, emptyAuthorityBundle, type KeyAuthority } from '../../../../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import {
  bundleToWire,
  keyAuthoritiesFromWire,
  keyAuthorityToWire,
  x509AuthoritiesFromWire,
} from '../../../../wire/convert/bundle.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import type { AppendBundleRequest, BundleDefinition } from '../../../../wire/gen/spire/api/server/bundle/v1/bundle.ts';
import type { BundleStore } from '../../../datastore/bundle-store.ts';
import { fromStore } from '../../store-failure.ts';
import { pageRequest } from '../../wire-filter.ts';
import {
  createBundle,
  deleteFederatedBundles,
  parseFederatedTrustDomain,
  saveFederatedBundles,
  setBundle,
  updateBundle,
  withoutTaint,
} from './federated-bundles.ts';

/** What the bundle service depends on. */
export interface BundleServiceDeps {
  readonly trustDomain: TrustDomain;
  readonly bundles: BundleStore;
  /**
   * Takes a JWT key of a nested server to where the keys of the trust domain come together, the own bundle or that of an
   * upstream server, and returns all that are there.
   */
  readonly publishJwtKey: (key: KeyAuthority) => Promise<readonly KeyAuthority[]>;
}

/** `spire.api.server.bundle.v1.Bundle`: the bundle of this trust domain and those of federated ones. */
export function bundleService(deps: BundleServiceDeps): ServiceImplementation<typeof BundleDefinition> {
  const { trustDomain, bundles, publishJwtKey } = deps;
  return {
    countBundles: async () => ({ count: await fromStore('failed to count bundles', bundles.countBundles()) }),

    getBundle: async ({ outputMask }) => bundleToWire(await getBundle(bundles, trustDomain), outputMask),

    appendBundle: async (request) => bundleToWire(await appendBundle(deps, request), request.outputMask),

    publishJWTAuthority: async ({ jwtAuthority }) => {
      if (jwtAuthority === undefined) throw new SpirekitError('invalid-argument', 'missing JWT authority');
      const [key] = inField('invalid JWT authority', () => keyAuthoritiesFromWire([jwtAuthority]));
      if (key === undefined) throw new SpirekitError('internal', 'failed to publish JWT key');
      const published = publishJwtKey({ ...key, tainted: false });
      const keys = await fromStore('failed to publish JWT key', published);
      return { jwtAuthorities: keys.map(keyAuthorityToWire) };
    },

    publishWITAuthority: async () => {
      throw new SpirekitError('unimplemented', 'WIT-SVID functionality is not yet implemented');
    },

    listFederatedBundles: async (request) => {
      const page = await fromStore('failed to list bundles', bundles.listBundles(pageRequest(request)));
      const federated = page.items.filter((bundle) => !bundle.trustDomain.equals(trustDomain));
      return {
        bundles: federated.map((bundle) => bundleToWire(bundle, request.outputMask)),
        nextPageToken: page.nextToken,
      };
    },

    getFederatedBundle: async ({ trustDomain: name, outputMask }) => {
      const what = "getting a federated bundle for the server's own trust domain";
      return bundleToWire(await getBundle(bundles, parseFederatedTrustDomain(trustDomain, name, what)), outputMask);
    },

    batchCreateFederatedBundle: ({ bundle, outputMask }, call) => {
      const save = (each: AuthorityBundle) => createBundle(bundles, each);
      return saveFederatedBundles(deps, { bundles: bundle, outputMask, doing: 'creating', save }, call);
    },

    batchUpdateFederatedBundle: ({ bundle, inputMask, outputMask }, call) => {
      const save = (each: AuthorityBundle) => updateBundle(bundles, each, inputMask);
      return saveFederatedBundles(deps, { bundles: bundle, outputMask, doing: 'updating', save }, call);
    },

    batchSetFederatedBundle: ({ bundle, outputMask }, call) => {
      const save = (each: AuthorityBundle) => setBundle(bundles, each);
      return saveFederatedBundles(deps, { bundles: bundle, outputMask, doing: 'setting', save }, call);
    },

    batchDeleteFederatedBundle: (request, call) => deleteFederatedBundles(deps, request, call),
  };
}

async function getBundle(bundles: BundleStore, trustDomain: TrustDomain): Promise<AuthorityBundle> {
  const bundle = await fromStore('failed to fetch bundle', bundles.findBundle(trustDomain));
  if (bundle === undefined) throw new SpirekitError('not-found', 'bundle not found');
  return bundle;
}

async function appendBundle(deps: BundleServiceDeps, request: AppendBundleRequest): Promise<AuthorityBundle> {
  if (request.jwtAuthorities.length === 0 && request.x509Authorities.length === 0) {
    throw new SpirekitError('invalid-argument', 'no authorities to append');
  }
  const jwtAuthorities = inField('failed to convert JWT authority', () =>
    keyAuthoritiesFromWire(request.jwtAuthorities),
  );
  const x509Authorities = inField('failed to convert X.509 authority', () =>
    x509AuthoritiesFromWire(request.x509Authorities),
  );
  const added = withoutTaint({ ...emptyAuthorityBundle(deps.trustDomain), jwtAuthorities, x509Authorities });
  return fromStore('failed to append bundle', deps.bundles.appendBundle(added));
}
