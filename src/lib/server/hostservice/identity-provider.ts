import { type HostService, hostService } from '../../catalog/external/host-service.ts';
import { privateKeyToPkcs8 } from '../../crypto/key.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { bundleToWire } from '../../wire/convert/bundle.ts';
import { IdentityProviderDefinition } from '../../wire/gen/spire/hostservice/server/identityprovider/v1/identityprovider.ts';
import type { ServerSvid } from '../ca/server-svid.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';

/** What the service tells. */
export interface IdentityProviderDeps {
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'findBundle'>;
  /** Undefined until the server has an SVID: plugins are loaded before. */
  readonly findSvid: () => ServerSvid | undefined;
}

/** Hands the server's own SVID, with its key, to plugins, which act for the server with it. The sentence is SPIRE's. */
export function identityProviderService({ trustDomain, bundles, findSvid }: IdentityProviderDeps): HostService {
  return hostService(IdentityProviderDefinition, {
    async fetchX509Identity() {
      const svid = findSvid();
      const bundle = await bundles.findBundle(trustDomain);
      if (svid === undefined || bundle === undefined) {
        throw new RpcError(RpcCode.failedPrecondition, 'IdentityProvider host service has not been initialized');
      }
      return {
        identity: {
          certChain: svid.certificates.map(({ der }) => der),
          privateKey: privateKeyToPkcs8(svid.privateKey),
        },
        bundle: bundleToWire(bundle),
      };
    },
  });
}
