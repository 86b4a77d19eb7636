import type { AgentConfig } from '../../config/agent/agent-config.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { formatGoDuration, msToNanoseconds } from '../../runtime/go-duration.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { AgentStorage } from '../storage/agent-storage.ts';

/** What {@link Rebootstrap} needs. */
export interface RebootstrapOptions {
  readonly config: Pick<AgentConfig, 'rebootstrapMode' | 'rebootstrapDelaySeconds'>;
  readonly storage: AgentStorage;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
}

/** Ends an agent that has forgotten its server, so that its next start asks the configured source of the bundle again. */
export class RebootstrapNeeded extends SpirekitError {
  override readonly name = 'RebootstrapNeeded';

  constructor(cause: unknown) {
    super(
      'failed-precondition',
      'the server is no longer the one that the agent knew; shutting down to bootstrap again',
      {
        cause,
      },
    );
  }
}

/**
 * What becomes of an agent whose server shows a certificate that its bundle does not lead to: nothing by default, since
 * that is also what an attack looks like. If the operator allows it, and the node can attest again, it starts over after
 * a delay. The time of the first mismatch survives restarts.
 */
export class Rebootstrap {
  readonly #options: RebootstrapOptions;
  #isAllowed: boolean;

  constructor(options: RebootstrapOptions) {
    this.#options = options;
    this.#isAllowed = options.config.rebootstrapMode !== 'never';
  }

  get isAllowed(): boolean {
    return this.#isAllowed;
  }

  /** A node that cannot attest again cannot start over: an error if it must be able to, a warning if it merely may. */
  checkNode(reattestable: boolean): void {
    if (!this.#isAllowed || reattestable) return;
    const message =
      'rebootstrap_mode is set, but this node cannot attest again: its node attestor or the server does not allow it';
    if (this.#options.config.rebootstrapMode === 'always') throw new SpirekitError('failed-precondition', message);
    this.#options.log.warn(`${message}; going on without`);
    this.#isAllowed = false;
  }

  /** To be asked each time the server turned out to be unknown: whether it has been so for long enough. */
  async isDue(): Promise<boolean> {
    const { config, storage, clock, log } = this.#options;
    if (!this.#isAllowed) return false;
    const { bootstrap } = storage.data;
    const nowMs = clock.nowMs();
    // One in the future is from a clock that was set back since; it must not put this off.
    const isKnown = bootstrap.startedAtMs !== undefined && bootstrap.startedAtMs <= nowMs;
    const startedAtMs = isKnown ? bootstrap.startedAtMs : nowMs;
    if (!isKnown) {
      await storage.storeBootstrap({ use: 'rebootstrap', startedAtMs, attempts: 0 });
    }
    const leftMs = startedAtMs + config.rebootstrapDelaySeconds * 1000 - nowMs;
    if (leftMs <= 0) return true;
    const time_left = formatGoDuration(msToNanoseconds(leftMs));
    log.info("Trust Bundle and Server don't agree, ignoring for now", { time_left });
    return false;
  }

  /** Forgets the server: its bundle, and the SVID that it gave. */
  async forgetServer(): Promise<void> {
    const { storage, log } = this.#options;
    log.warn("Trust Bundle and Server don't agree, rebootstrapping");
    await storage.deleteSvid();
    await storage.storeBundle([]);
  }

  /** To be told each time that the server was known. */
  async succeeded(): Promise<void> {
    const { storage } = this.#options;
    if (storage.data.bootstrap.startedAtMs === undefined) return;
    await storage.storeBootstrap({ use: 'rebootstrap', startedAtMs: undefined, attempts: 0 });
  }
}
