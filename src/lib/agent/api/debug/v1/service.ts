import type { Certificate } from '../../../../crypto/certificate.ts';
import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import { RpcCode, RpcError } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import type {
  DebugDefinition,
  GetInfoResponse,
  GetInfoResponse_Cert,
} from '../../../../wire/gen/spire/api/agent/debug/v1/debug.ts';

/** What the agent says about itself. */
export interface AgentStatus {
  /** The agent's SVID with the authority that it was verified with at the end. Throws when it does not verify. */
  verifiedSvidChain(): readonly Certificate[];
  readonly uptimeSeconds: number;
  /** Seconds since the Unix epoch; 0 if there was none yet. */
  readonly lastSyncSeconds: number;
  readonly x509SvidCount: number;
  readonly jwtSvidCount: number;
}

/** Tells how the agent is doing (spire.agent.debug.v1.Debug). */
export class DebugApi implements ServiceImplementation<typeof DebugDefinition> {
  readonly #status: AgentStatus;
  readonly #log: Logger;

  constructor(status: AgentStatus, log: Logger) {
    this.#status = status;
    this.#log = log;
  }

  async getInfo(): Promise<GetInfoResponse> {
    const { x509SvidCount, jwtSvidCount, lastSyncSeconds, uptimeSeconds } = this.#status;
    return {
      svidChain: this.#svidChain().map(describeCertificate),
      uptime: Math.floor(uptimeSeconds),
      svidsCount: x509SvidCount,
      lastSyncSuccess: BigInt(Math.floor(lastSyncSeconds)),
      cachedX509SvidsCount: x509SvidCount,
      cachedJwtSvidsCount: jwtSvidCount,
      cachedSvidstoreX509SvidsCount: 0,
    };
  }

  #svidChain(): readonly Certificate[] {
    try {
      return this.#status.verifiedSvidChain();
    } catch (error) {
      this.#log.error('Failed to verify agent SVID', { error });
      const reason = SpirekitError.from(error).message;
      throw new RpcError(RpcCode.internal, `failed to verify agent SVID: ${reason}`, { cause: error });
    }
  }
}

function describeCertificate(certificate: Certificate): GetInfoResponse_Cert {
  const id = findSpiffeId(certificate);
  return {
    id: id && { trustDomain: id.trustDomain.name, path: id.path },
    expiresAt: BigInt(Math.floor(certificate.notAfterMs / 1000)),
    subject: certificate.subject.rfc2253(),
  };
}

function findSpiffeId(certificate: Certificate): SpiffeId | undefined {
  const [uri] = certificate.uris;
  if (uri === undefined || certificate.uris.length > 1) return undefined;
  try {
    return SpiffeId.parse(uri);
  } catch {
    return undefined;
  }
}
