import { Certificate } from '../../crypto/certificate.ts';
import { createCsr } from '../../crypto/csr.ts';
import { signerFromKey } from '../../crypto/signer.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import { DUE_NOW, type DueTime, msUntil } from '../../runtime/due-time.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { countCall } from '../../telemetry/call-counter.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { AgentDefinition } from '../../wire/gen/spire/api/server/agent/v1/agent.ts';
import { AgentEnd } from '../agent-end.ts';
import { generateAgentKey } from '../attestor/node/agent-keys.ts';
import {
  type AgentSvid,
  agentIdText,
  attestNode,
  type NodeAttestationOptions,
} from '../attestor/node/node-attestation.ts';
import { failedCall } from '../client/failed-call.ts';
import { findCause } from '../client/find-cause.ts';
import { findRefusal } from '../client/refusal.ts';
import { CALL_TIMEOUT_MS, type ServerConnection } from '../client/server-connection.ts';
import type { AgentStorage } from '../storage/agent-storage.ts';
import { Alarm } from './alarm.ts';
import { Backoff } from './backoff.ts';
import { type RotationStrategy, rotationDue, x509RotationTimeMs } from './rotation-strategy.ts';

/** What {@link AgentSvidRotation} needs. */
export interface AgentSvidRotationOptions {
  readonly attestation: NodeAttestationOptions;
  /** The authorities to know the server by when the agent attests again. */
  readonly authorities: () => readonly Certificate[];
  readonly storage: AgentStorage;
  readonly strategy: RotationStrategy;
  readonly metrics: Metrics;
  /** Whether workloads still have something from this agent when its own SVID has ended. */
  readonly hasServableSvid: () => boolean;
  readonly log: Logger;
}

/** How long to wait after a failure, at first. */
const RETRY_MS = 5000;

/** The clock is looked at so often, since it may be set and the machine may have slept. */
const LONGEST_WAIT_MS = 30_000;

/** Which part of an SVID's life is its last chance to be replaced. */
const LAST_CHANCE = 1 / 3;

/** Keeps the agent's own SVID fresh, by renewing it or, if the node can, by attesting again. */
export class AgentSvidRotation {
  readonly #options: AgentSvidRotationOptions;
  readonly #alarm: Alarm;
  readonly #backoff: Backoff;
  #svid: AgentSvid;
  #rotateAt: DueTime;
  #hasWarnedOfExpiry = false;

  constructor(svid: AgentSvid, options: AgentSvidRotationOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.attestation.clock);
    this.#backoff = new Backoff({ initialMs: RETRY_MS, random: options.strategy.random });
    this.#svid = svid;
    const [leaf] = svid.chain;
    this.#rotateAt = rotationDue(x509RotationTimeMs(options.strategy, leaf), leaf, options.attestation.clock);
  }

  get current(): AgentSvid {
    return this.#svid;
  }

  /** Whether the SVID has ended, so that the server lets the agent do nothing but attest. */
  get isExpired(): boolean {
    return this.#options.attestation.clock.nowMs() > this.#svid.chain[0].notAfterMs;
  }

  /** Has the clock looked at now, which was set. */
  lookSoon(): void {
    this.#alarm.ring();
  }

  /** Has the SVID replaced at once, for example because its authority is tainted. */
  expire(): void {
    this.#rotateAt = DUE_NOW;
    this.#alarm.ring();
  }

  /**
   * Replaces the SVID whenever it is due, until the signal aborts. Rejects when the server refuses the agent, or when
   * the SVID has expired, cannot be replaced and nothing is left to do: the server has answered, and does not attest the
   * node, or the node cannot attest again, and no workload has a valid SVID of this agent.
   */
  async run(connection: ServerConnection, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.attestation;
    for (;;) {
      let waitMs = Math.min(msUntil(this.#rotateAt, clock), LONGEST_WAIT_MS);
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
      await this.#adopt(svid, { evenIfNotKept: true });
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
    const evenIfNotKept = this.#isLastChance();
    const key = await generateAgentKey(attestation.keyManager, this.#svid.key, { evenIfNotKept });
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
      attestation.clockDifference.look(leaf);
      const chain = [leaf, ...intermediates] as const;
      log.info('Successfully rotated agent SVID', { spiffe_id: agentIdText(chain) });
      await this.#adopt({ chain: [leaf, ...intermediates], key, reattestable: false }, { evenIfNotKept });
    });
  }

  /**
   * Stored before it is used: once the server has seen the new SVID it accepts no other, and an agent that starts again
   * with the old one is lost. SPIRE's agent uses what it could not store at once.
   */
  async #adopt(svid: AgentSvid, { evenIfNotKept }: { readonly evenIfNotKept: boolean }): Promise<void> {
    const { attestation, storage, strategy, log } = this.#options;
    try {
      await storage.storeSvid(svid.chain, svid.reattestable);
    } catch (error) {
      if (!evenIfNotKept) throw prefixed('could not store SVID', error);
      log.warn('Could not store SVID', { error });
    }
    this.#svid = svid;
    const [leaf] = svid.chain;
    this.#rotateAt = rotationDue(
      x509RotationTimeMs(strategy, leaf, attestation.clock.nowMs()),
      leaf,
      attestation.clock,
    );
    this.#hasWarnedOfExpiry = false;
  }

  /**
   * While there is time, the agent would rather try again than use what does not survive it: its disk may be full for a
   * moment only. Later an agent that must not be restarted is better than none.
   */
  #isLastChance(): boolean {
    const [leaf] = this.#svid.chain;
    const leftMs = leaf.notAfterMs - this.#options.attestation.clock.nowMs();
    return leftMs < (leaf.notAfterMs - leaf.notBeforeMs) * LAST_CHANCE;
  }

  #checkIsBearable(error: unknown): void {
    const { hasServableSvid, log } = this.#options;
    const { reattestable, chain } = this.#svid;
    const what = reattestable ? 'reattest agent' : 'rotate agent SVID';
    log.error(`Could not ${what}`, { error });
    if (findRefusal(error) !== undefined) throw error;
    if (!this.isExpired) return;
    if (hasAnswered(error) || (!reattestable && !hasServableSvid())) {
      const ended = { agentId: agentIdText(chain), canReattest: reattestable };
      throw new AgentEnd('svid-expired', ended, prefixed(`current SVID has already expired and ${what} failed`, error));
    }
    if (this.#hasWarnedOfExpiry) return;
    this.#hasWarnedOfExpiry = true;
    log.warn('The SVID of the agent has expired; workloads keep what they have until that expires', {
      expiry: chain[0].notAfter,
    });
  }
}

/** Answers that say that the server is there and that the same question would not be answered otherwise later. */
const ANSWERS: ReadonlySet<number> = new Set([
  RpcCode.invalidArgument,
  RpcCode.notFound,
  RpcCode.permissionDenied,
  RpcCode.failedPrecondition,
  RpcCode.unimplemented,
  RpcCode.unauthenticated,
]);

function hasAnswered(error: unknown): boolean {
  const status = findCause(error, (cause) => (cause instanceof RpcError ? cause.status : undefined));
  return status !== undefined && ANSWERS.has(status);
}
