import type { Certificate } from '../../../../crypto/certificate.ts';
import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import type { Clock } from '../../../../runtime/clock.ts';
import type { X509BundleSource } from '../../../../spiffe/bundle-source.ts';
import { getSpiffeId, verifyX509Svid } from '../../../../spiffe/x509-svid.ts';
import { secondsToWire } from '../../../../wire/convert/seconds.ts';
import { spiffeIdToWire } from '../../../../wire/convert/spiffe-id.ts';
import type {
  DebugDefinition,
  GetInfoResponse,
  GetInfoResponse_Cert,
} from '../../../../wire/gen/spire/api/server/debug/v1/debug.ts';
import type { ServerSvid } from '../../../ca/server-svid.ts';
import type { BundleStore } from '../../../datastore/bundle-store.ts';
import type { EntryStore } from '../../../datastore/entry-store.ts';
import type { NodeStore } from '../../../datastore/node-store.ts';

/** What the debug service depends on. */
export interface DebugServiceDeps {
  readonly entries: Pick<EntryStore, 'countEntries'>;
  readonly nodes: Pick<NodeStore, 'countNodes'>;
  readonly bundles: Pick<BundleStore, 'countBundles'>;
  readonly bundleSource: X509BundleSource;
  readonly serverSvid: { readonly current: ServerSvid };
  readonly clock: Clock;
}

/** Counting is not free, so an answer is given again for so long. */
const CACHED_MS = 5_000;

/** `spire.api.server.debug.v1.Debug`: counts, uptime and the server's own certificate chain up to its root. */
export function debugService(deps: DebugServiceDeps): ServiceImplementation<typeof DebugDefinition> {
  const startedMs = deps.clock.monotonicMs();
  let cached: { readonly atMs: number; readonly info: Promise<GetInfoResponse> } | undefined;
  return {
    getInfo: () => {
      const nowMs = deps.clock.monotonicMs();
      if (cached !== undefined && nowMs - cached.atMs < CACHED_MS) return cached.info;
      const info = collect(deps, nowMs - startedMs);
      cached = { atMs: nowMs, info };
      info.catch(() => {
        cached = undefined;
      });
      return info;
    },
  };
}

async function collect(deps: DebugServiceDeps, uptimeMs: number): Promise<GetInfoResponse> {
  const [agentsCount, entriesCount, federatedBundlesCount] = await Promise.all([
    deps.nodes.countNodes({}),
    deps.entries.countEntries({}),
    // As in SPIRE this counts the server's own bundle too.
    deps.bundles.countBundles(),
  ]);
  const { certificates } = deps.serverSvid.current;
  const { chains } = verifyX509Svid(certificates, deps.bundleSource, { nowMs: deps.clock.nowMs() });
  return {
    svidChain: (chains[0] ?? []).map(describeCertificate),
    uptime: Math.floor(uptimeMs / 1000),
    agentsCount,
    federatedBundlesCount,
    entriesCount,
  };
}

function describeCertificate(certificate: Certificate): GetInfoResponse_Cert {
  const id = certificate.uris.length === 1 ? getSpiffeId(certificate) : undefined;
  return {
    id: id && spiffeIdToWire(id),
    expiresAt: secondsToWire(certificate.notAfterMs / 1000),
    subject: certificate.subject.rfc2253(),
  };
}
