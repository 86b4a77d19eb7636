import { Certificate } from '../../crypto/certificate.ts';
import { createCsr } from '../../crypto/csr.ts';
import { signerFromKey } from '../../crypto/signer.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { countCall } from '../../telemetry/call-counter.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { AgentDefinition } from '../../wire/gen/spire/api/server/agent/v1/agent.ts';
import { generateAgentKey } from '../attestor/node/agent-keys.ts';
import {
  type AgentSvid,
  agentIdText,
  attestNode,
  type NodeAttestationOptions,
} from '../attestor/node/node-attestation.ts';
import { failedCall } from '../client/failed-call.ts';
import { findRefusal } from '../client/refusal.ts';
import { CALL_TIMEOUT_MS, type ServerConnection } from '../client/server-connection.ts';
import type { AgentStorage } from '../storage/agent-storage.ts';
import { Alarm } from './alarm.ts';
import { Backoff } from './backoff.ts';
import { type RotationStrategy, x509RotationTimeMs } from './rotation-strategy.ts';

/** What {@link AgentSvidRotation} needs. */
export interface AgentSvidRotationOptions {
  readonly attestation: NodeAttestationOptions;
  /** The authorities to know the server by when the agent attests again. */
  readonly authorities: () => readonly Certificate[];
  readonly storage: AgentStorage;
  readonly strategy: RotationStrategy;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** How long to wait after a failure, at first. */
const RETRY_MS = 5000;

/** The clock is looked at so often, since it may be set and the machine may have slept. */
const LONGEST_WAIT_MS = 30_000;

/** Keeps the agent's own SVID fresh, by renewing it or, if the node can, by attesting again. */
export class AgentSvidRotation {
  readonly #options: AgentSvidRotationOptions;
  readonly #alarm: Alarm;
  readonly #backoff: Backoff;
  #svid: AgentSvid;
  #rotateAtMs: number;

  constructor(svid: AgentSvid, options: AgentSvidRotationOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.attestation.clock);
    this.#backoff = new Backoff({ initialMs: RETRY_MS, random: options.strategy.random });
    this.#svid = svid;
    this.#rotateAtMs = x509RotationTimeMs(options.strategy, svid.chain[0]);
  }

  get current(): AgentSvid {
    return this.#svid;
  }

  /** Has the SVID replaced at once, for example because its authority is tainted. */
  expire(): void {
    this.#rotateAtMs = Number.NEGATIVE_INFINITY;
    this.#alarm.ring();
  }

  /**
   * Replaces the SVID whenever it is due, until the signal aborts. Rejects when the server refuses the agent, or when
   * the SVID has expired and cannot be replaced.
   */
  async run(connection: ServerConnection, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.attestation;
    for (;;) {
      let waitMs = Math.min(this.#rotateAtMs - clock.nowMs(), LONGEST_WAIT_MS);
      if (waitMs <= 0) {
        try {
          await this.#replace(connection, signal);
          this.#backoff.reset();
          continue;
        } catch (error) {
          signal.throwIfAborted();
          this.#checkIsBearable(error);
          waitMs = this.#backoff.nextMs();
        }
      }
      await this.#alarm.wait(waitMs, signal);
    }
  }

  /** Attests the node again, or rejects because it cannot. */
  async reattest(connection: ServerConnection, signal: AbortSignal): Promise<void> {
    if (!this.#svid.reattestable) {
      throw new SpirekitError('failed-precondition', 'attestation method is not re-attestable');
    }
    const { attestation, authorities, log } = this.#options;
    log.debug('Reattesting node');
    await connection.reserve(async () => {
      const svid = await attestNode(attestation, {
        authorities: authorities(),
        presentKey: this.#svid.key,
        signal,
      });
      log.info('Successfully reattested node', { spiffe_id: agentIdText(svid.chain) });
      await this.#adopt(svid);
    });
  }

  #replace(connection: ServerConnection, signal: AbortSignal): Promise<void> {
    const { attestation, metrics } = this.#options;
    const { clock } = attestation;
    return this.#svid.reattestable
      ? countCall({ metrics, clock }, ['node', 'attest'], () => this.reattest(connection, signal))
      : countCall({ metrics, clock }, ['agent_svid', 'rotate'], () => this.#renew(connection, signal));
  }

  async #renew(connection: ServerConnection, signal: AbortSignal): Promise<void> {
    const { attestation, log } = this.#options;
    log.debug('Rotating agent SVID');
    const key = await generateAgentKey(attestation.keyManager, this.#svid.key);
    const csr = await createCsr({ signer: signerFromKey(key.privateKey) });
    await connection.reserve(async (client) => {
      const options = { signal, timeoutMs: CALL_TIMEOUT_MS };
      const { svid } = await client
        .unary(AgentDefinition, 'renewAgent', { params: { csr } }, options)
        .catch((error: unknown) => {
          throw failedCall(error, { what: 'renew agent', signal, log });
        });
      const [leaf, ...intermediates] = (svid?.certChain ?? []).map((der) => Certificate.parse(der));
      if (leaf === undefined) throw new SpirekitError('internal', 'failed to renew agent: empty SVID cert chain');
      const chain = [leaf, ...intermediates] as const;
      log.info('Successfully rotated agent SVID', { spiffe_id: agentIdText(chain) });
      await this.#adopt({ chain: [leaf, ...intermediates], key, reattestable: false });
    });
  }

  /** Stored before it is used: once the server has seen the new SVID it accepts no other. */
  async #adopt(svid: AgentSvid): Promise<void> {
    const { storage, strategy, attestation, log } = this.#options;
    try {
      await storage.storeSvid(svid.chain, svid.reattestable);
    } catch (error) {
      log.warn('Could not store SVID', { error });
    }
    this.#svid = svid;
    this.#rotateAtMs = x509RotationTimeMs(strategy, svid.chain[0], attestation.clock.nowMs());
  }

  #checkIsBearable(error: unknown): void {
    const { attestation, log } = this.#options;
    const what = this.#svid.reattestable ? 'reattest agent' : 'rotate agent SVID';
    log.error(`Could not ${what}`, { error });
    if (attestation.clock.nowMs() > this.#svid.chain[0].notAfterMs) {
      throw prefixed(`current SVID has already expired and ${what} failed`, error);
    }
    if (findRefusal(error) !== undefined) throw error;
  }
}
