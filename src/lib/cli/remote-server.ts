import { type RpcCallOptions, RpcClient, type RpcTarget } from '../rpc/client.ts';
import type { RequestOf, ResponseOf, ServiceDefinition, UnaryMethodKey } from '../rpc/service.ts';
import { RpcError } from '../rpc/status.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { authenticateServer } from '../spiffe/server-authentication.ts';
import { type SpiffeId, TrustDomain } from '../spiffe/spiffe-id.ts';
import { loadCallerIdentity } from './caller-identity.ts';
import { within } from './error-context.ts';
import { AdvisedError } from './failure.ts';
import { formatServerAddress, parseServerAddress } from './server-address.ts';
import type { ServerContext } from './server-flags.ts';

/** Whom a failure is about. */
interface RemoteParties {
  /** As it was dialled. */
  readonly address: string;
  readonly trustDomain: TrustDomain;
  readonly caller: SpiffeId;
}

/**
 * A client of the server at `-serverAddr`, over mutual TLS; nothing has been sent to it yet. The server must be
 * `spiffe://<trust domain>/spire/server`, by the bundle of the trust domain that the caller holds.
 *
 * @throws SpirekitError as `loadCallerIdentity`, and `not-found` without a bundle of the server's trust domain
 */
export async function connectRemotely(context: ServerContext): Promise<RpcClient> {
  const { flags, clock } = context;
  const address = parseServerAddress(flags.serverAddr);
  const expected =
    flags.serverTrustDomain === ''
      ? undefined
      : within('-serverTrustDomain', () => TrustDomain.parse(flags.serverTrustDomain));
  const { svid, findBundle } = await loadCallerIdentity(context, expected);
  const trustDomain = expected ?? svid.id.trustDomain;
  const authorities = findBundle(trustDomain);
  if (authorities === undefined) {
    throw new AdvisedError(
      'not-found',
      `${svid.id} has no bundle of the trust domain ${trustDomain} to verify the server with`,
      `Its registration entry has to federate with ${trustDomain} (\`-federatesWith\`).`,
    );
  }
  const parties = { address: formatServerAddress(address), trustDomain, caller: svid.id };
  const target: RpcTarget = {
    kind: 'tcp',
    ...address,
    tls: {
      certificateChain: svid.certificates.map(({ der }) => der),
      privateKey: svid.privateKey,
      verifyServer: (chain) => authenticateServer(chain, { trustDomain, authorities, clock }),
    },
  };
  return new RemoteServer(target, parties, context.program !== 'spirekit');
}

/** Tells what failed on the way, and what to do about it; on drop-ins in the same line. What the server answers stays. */
class RemoteServer extends RpcClient {
  readonly #parties: RemoteParties;
  readonly #isOneLine: boolean;

  constructor(target: RpcTarget, parties: RemoteParties, isOneLine: boolean) {
    super(target);
    this.#parties = parties;
    this.#isOneLine = isOneLine;
  }

  override async unary<D extends ServiceDefinition, K extends UnaryMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options?: RpcCallOptions,
  ): Promise<ResponseOf<D, K>> {
    try {
      return await super.unary(definition, method, request, options);
    } catch (error) {
      const failure = findRemoteFailure(error, this.#parties);
      if (failure === undefined) throw error;
      if (!this.#isOneLine) throw failure;
      throw new SpirekitError(failure.code, `${failure.message}. ${failure.advice}`, { cause: error });
    }
  }
}

/** Undefined for a failure that has nothing to do with the way to the server. */
function findRemoteFailure(error: unknown, parties: RemoteParties): AdvisedError | undefined {
  if (!(error instanceof RpcError)) return undefined;
  const { address, trustDomain, caller } = parties;
  const { description } = error;
  if (error.code === 'permission-denied' && description.startsWith('authorization denied for method ')) {
    return new AdvisedError(
      'permission-denied',
      `the server at ${address} does not let ${caller} do this: ${description}`,
      "Have it be an admin there: by an entry with `-admin`, or by `admin_ids` in the server's configuration.",
      { cause: error },
    );
  }
  if (error.code !== 'unavailable') return undefined;
  const dialling = /transport: Error while dialing: dial (.+)"$/.exec(description)?.[1];
  if (dialling !== undefined) {
    return new AdvisedError(
      'unavailable',
      `cannot reach the server at ${address}: ${dialling.replace(/^tcp (?:\S+: (?:connect: )?)?/, '')}`,
      'Give the bind_address and bind_port of its configuration, and see that the network lets calls through.',
      { cause: error },
    );
  }
  if (description.includes('transport: authentication handshake failed: ')) {
    const reason = error.cause === undefined ? description : SpirekitError.from(error.cause).message;
    return new AdvisedError(
      'unavailable',
      `what answers at ${address} is not the server of ${trustDomain} as this caller knows it: ${reason}`,
      'Name the trust domain of the server by -serverTrustDomain, or get a present bundle of it.',
      { cause: error },
    );
  }
  if (!description.includes('error reading server preface')) return undefined;
  return new AdvisedError(
    'unavailable',
    `the server at ${address} ended the connection as soon as it saw the certificate of ${caller}`,
    `It accepts the members of its own trust domain by its present bundle, and of others only its admin_ids, by bundles that it has of them.`,
    { cause: error },
  );
}
