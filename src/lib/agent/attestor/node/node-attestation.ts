import type { Certificate } from '../../../crypto/certificate.ts';
import { createCsr } from '../../../crypto/csr.ts';
import { signerFromKey } from '../../../crypto/signer.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { prefixed, SpirekitError } from '../../../runtime/errors.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { Bundle } from '../../../spiffe/bundle.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { countCall } from '../../../telemetry/call-counter.ts';
import type { Metrics } from '../../../telemetry/metrics.ts';
import { type AttestationResult, ServerAttestationStream } from '../../client/attestation-stream.ts';
import type { ClockDifference } from '../../client/clock-difference.ts';
import { CALL_TIMEOUT_MS, ServerConnection } from '../../client/server-connection.ts';
import { TrustBundleFetcher } from '../../client/trust-bundles.ts';
import type { KeyManager, ManagedKey } from '../../plugin/keymanager/key-manager.ts';
import type { NodeAttestor } from '../../plugin/nodeattestor/node-attestor.ts';
import { generateAgentKey } from './agent-keys.ts';

/** What every attestation needs. */
export interface NodeAttestationOptions {
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly trustDomain: TrustDomain;
  readonly nodeAttestor: NodeAttestor;
  readonly keyManager: KeyManager;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly clockDifference: ClockDifference;
  readonly log: Logger;
}

/** The agent's own identity. */
export interface AgentSvid {
  /** Leaf first. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly key: ManagedKey;
  /** Whether the node may attest again, which is then how the SVID is renewed. */
  readonly reattestable: boolean;
}

/** The id in the agent's SVID, for log lines. */
export function agentIdText(chain: readonly Certificate[]): string {
  return chain[0]?.uris[0] ?? '';
}

/**
 * Attests the node to the server with a new key.
 *
 * @param options.authorities the authorities to know the server by; undefined trusts whoever answers
 * @param options.presentKey the key of the present SVID, which is kept
 */
export async function attestNode(
  attestation: NodeAttestationOptions,
  options: {
    readonly authorities: readonly Certificate[] | undefined;
    readonly presentKey: ManagedKey | undefined;
    readonly signal: AbortSignal;
  },
): Promise<AgentSvid> {
  await using connection = connect(attestation, options.authorities);
  return await attestOver(connection, attestation, options);
}

/** As {@link attestNode}, and asks the server for the trust bundle right after. */
export async function attestNodeAndFetchBundle(
  attestation: NodeAttestationOptions,
  options: {
    readonly authorities: readonly Certificate[] | undefined;
    readonly presentKey: ManagedKey | undefined;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly svid: AgentSvid; readonly bundle: Bundle }> {
  const { authorities, signal } = options;
  await using connection = connect(attestation, authorities);
  const svid = await attestOver(connection, attestation, options);
  const fetcher = new TrustBundleFetcher(attestation.log);
  const { own } = await connection
    .use((client) => fetcher.fetch(client, { federatesWith: new Set(), signal, timeoutMs: CALL_TIMEOUT_MS }))
    .catch((error: unknown) => {
      throw prefixed('failed to get updated bundle', error);
    });
  if (!own.bundle.trustDomain.equals(attestation.trustDomain)) {
    throw new SpirekitError(
      'internal',
      `failed to get updated bundle: it is of trust domain ${own.bundle.trustDomain}`,
    );
  }
  return { svid, bundle: own.bundle };
}

function connect(
  attestation: NodeAttestationOptions,
  authorities: readonly Certificate[] | undefined,
): ServerConnection {
  const { serverAddress, serverPort, trustDomain, clock, log } = attestation;
  return new ServerConnection({
    address: serverAddress,
    port: serverPort,
    trustDomain,
    credentials: () => undefined,
    authorities() {
      if (authorities === undefined) log.warn('Insecure bootstrap enabled; skipping server certificate verification');
      return authorities;
    },
    clock,
  });
}

async function attestOver(
  connection: ServerConnection,
  attestation: NodeAttestationOptions,
  options: { readonly presentKey: ManagedKey | undefined; readonly signal: AbortSignal },
): Promise<AgentSvid> {
  const work = (): Promise<AgentSvid> => newSvid(connection, attestation, options);
  return await countCall(attestation, ['node', 'attestor', 'new_svid'], work, {
    attestor: attestation.nodeAttestor.name,
  });
}

async function newSvid(
  connection: ServerConnection,
  attestation: NodeAttestationOptions,
  options: { readonly presentKey: ManagedKey | undefined; readonly signal: AbortSignal },
): Promise<AgentSvid> {
  const key = await generateAgentKey(attestation.keyManager, options.presentKey);
  const csr = await createCsr({ signer: signerFromKey(key.privateKey) });
  const { signal } = options;
  const { svid, reattestable }: AttestationResult = await connection.use(async (client) => {
    using stream = new ServerAttestationStream(client, csr, { signal, timeoutMs: CALL_TIMEOUT_MS });
    await attestation.nodeAttestor.attest(stream, { signal });
    return stream.result;
  });
  attestation.clockDifference.look(svid[0]);
  return { chain: svid, key, reattestable };
}
