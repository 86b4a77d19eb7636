import { Certificate } from '../../crypto/certificate.ts';
import { RpcClient, type RpcTarget } from '../../rpc/client.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { SpiffeWorkloadAPIDefinition } from '../../wire/gen/workload.ts';

/** SPIRE's limit. */
const TIMEOUT_MS = 60_000;

/**
 * The authorities of a trust domain as another agent's Workload API gives them. Errors: `unavailable`.
 *
 * @param address `unix:///path` or `tcp://ip:port`, checked by the configuration
 */
export async function fetchFromWorkloadApi(
  address: string,
  trustDomain: TrustDomain,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly Certificate[]> {
  const { clock, signal } = options;
  await using client = new RpcClient(targetOf(address), { clock });
  const metadata = { 'workload.spiffe.io': 'true' };
  const calls = client.serverStream(
    SpiffeWorkloadAPIDefinition,
    'fetchX509Bundles',
    {},
    { signal, metadata, timeoutMs: TIMEOUT_MS },
  );
  try {
    for await (const { bundles } of calls) {
      const bundle = new Map(Object.entries(bundles)).get(trustDomain.id().toString());
      if (bundle === undefined) throw new SpirekitError('not-found', `no bundle for trust domain "${trustDomain}"`);
      return Certificate.parseAll(bundle);
    }
    throw new SpirekitError('internal', 'no answer');
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new SpirekitError(
      'unavailable',
      `unable to fetch trust bundle from SPIFFE Workload API ${address}: ${reason}`,
      { cause },
    );
  }
}

function targetOf(address: string): RpcTarget {
  const unixPath = /^unix:(?:\/\/)?(\/.*)$/.exec(address)?.[1];
  if (unixPath !== undefined) return { kind: 'unix', path: unixPath };
  const tcp = /^tcp:\/\/(?:\[([^\]]+)\]|([^:/]+)):(\d+)$/.exec(address);
  const host = tcp?.[1] ?? tcp?.[2];
  if (tcp === null || host === undefined) throw new SpirekitError('invalid-config', `invalid address ${address}`);
  return { kind: 'tcp', host, port: Number(tcp[3]) };
}
