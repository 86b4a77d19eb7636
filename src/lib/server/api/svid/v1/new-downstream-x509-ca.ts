import type { CallContext } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type {
  NewDownstreamX509CARequest,
  NewDownstreamX509CAResponse,
} from '../../../../wire/gen/spire/api/server/svid/v1/svid.ts';
import { callLogger } from '../../../authorization/call-logger.ts';
import { getAuthorizedCaller } from '../../../authorization/caller.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';
import type { BundleStore } from '../../../datastore/bundle-store.ts';
import { fromStore } from '../../store-failure.ts';
import { parseCallerCsr } from './parse-caller-csr.ts';

/** What signing for nested servers depends on. */
export interface NewDownstreamX509CaDeps {
  readonly trustDomain: TrustDomain;
  readonly ca: ServerCa;
  readonly bundles: Pick<BundleStore, 'findBundle'>;
}

/**
 * A CA for a nested server, which lives as long as that asks for. Of the CSR only the key counts. Errors:
 * `invalid-argument` for a bad CSR, `internal`, in SPIRE's words.
 */
export async function newDownstreamX509Ca(
  { trustDomain, ca, bundles }: NewDownstreamX509CaDeps,
  { csr, preferredTtl }: NewDownstreamX509CARequest,
  call: CallContext,
): Promise<NewDownstreamX509CAResponse> {
  if (getAuthorizedCaller(call).downstreamEntries.length === 0) {
    throw new SpirekitError('internal', 'caller is not a downstream workload');
  }
  const { publicKeyDer: publicKey } = parseCallerCsr(csr);
  const chain = await ca.signDownstreamX509Ca({ publicKey, ttlSeconds: preferredTtl }).catch((cause: unknown) => {
    const { message } = SpirekitError.from(cause);
    throw new SpirekitError('internal', `failed to sign downstream X.509 CA: ${message}`, { cause });
  });
  callLogger(call).debug('Signed X509 CA SVID', { spiffe_id: chain[0]?.uris[0], expiration: chain[0]?.notAfter });
  const bundle = await fromStore('failed to fetch bundle', bundles.findBundle(trustDomain));
  if (bundle === undefined) throw new SpirekitError('not-found', 'bundle not found');
  return {
    caCertChain: chain.map(({ der }) => Buffer.from(der)),
    x509Authorities: bundle.x509Authorities.map(({ certificate }) => Buffer.from(certificate)),
  };
}
