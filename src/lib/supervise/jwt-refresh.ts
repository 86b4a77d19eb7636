import type { Clock } from '../runtime/clock.ts';
import { type DueTime, dueAt, msUntil } from '../runtime/due-time.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { parseJwtSvidUnverified } from '../spiffe/jwt-svid.ts';
import type { WorkloadApiClient } from '../workloadapi/client.ts';
import { Latest } from './latest.ts';

/** A token that was asked for. */
export interface JwtToken {
  readonly spiffeId: string;
  /** In compact serialization. A bearer secret. */
  readonly token: string;
  readonly expiresAtMs: number;
}

/** What keeps one token fresh. */
export interface JwtRefreshOptions {
  readonly client: WorkloadApiClient;
  readonly clock: Clock;
  readonly audience: readonly string[];
  readonly onToken: (token: JwtToken) => void;
  readonly onFailure: (error: SpirekitError) => void;
  /** For jitter; default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;
const CALL_TIMEOUT_MS = 10_000;

/** A machine that slept has a clock that went on: it is looked at so often. */
const LOOK_EVERY_MS = 30_000;

/** Workloads that got their tokens together do not ask again together. */
const JITTER = 0.1;

/**
 * Keeps a token fresh: asks for it as soon as it is known for whom, again at half of its life, and again when the identity
 * changes. What fails is tried again after 1 s, 2 s, ... 30 s, give or take a tenth.
 */
export class JwtRefresh {
  readonly #options: JwtRefreshOptions;
  readonly #ids: Latest<string | undefined>;
  #id: string | undefined;

  constructor(options: JwtRefreshOptions) {
    this.#options = options;
    this.#ids = new Latest(options.clock);
  }

  /** Says whose token it is; undefined for nobody's at present. */
  setId(id: string | undefined): void {
    if (id === this.#id) return;
    this.#id = id;
    this.#ids.put(id);
  }

  /** Runs until the signal aborts, which is no error. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onFailure } = this.#options;
    let failures = 0;
    let asked: string | undefined;
    let due: DueTime | undefined;
    while (!signal.aborted) {
      const waitMs = due === undefined ? Number.POSITIVE_INFINITY : Math.min(msUntil(due, clock), LOOK_EVERY_MS);
      await this.#ids.take({ signal, waitMs });
      const id = this.#id;
      if (signal.aborted || (id === asked && due !== undefined && msUntil(due, clock) > 0)) continue;
      asked = id;
      due = undefined;
      if (id === undefined) continue;
      try {
        due = dueAt(clock.nowMs() + (await this.#ask(id, signal)), clock);
        failures = 0;
      } catch (cause) {
        if (signal.aborted) return;
        onFailure(SpirekitError.from(cause));
        failures += 1;
        const delayMs = this.#jittered(Math.min(failures * FIRST_DELAY_MS, LONGEST_DELAY_MS));
        due = dueAt(clock.nowMs() + delayMs, clock, delayMs);
      }
    }
  }

  /** Asks once; resolves with how many milliseconds the token is good enough. */
  async #ask(spiffeId: string, signal: AbortSignal): Promise<number> {
    const { client, audience, clock, onToken } = this.#options;
    const { svids } = await client.fetchJwtSvid({ audience, spiffeId }, { signal, timeoutMs: CALL_TIMEOUT_MS });
    const [svid] = svids;
    if (svid === undefined) throw new SpirekitError('invalid-jwt-svid', 'the agent gave no JWT-SVID');
    const nowMs = clock.nowMs();
    const { expiry, id } = parseJwtSvidUnverified(svid.svid, audience, { nowMs });
    if (`${id}` !== spiffeId) throw new SpirekitError('invalid-jwt-svid', `the agent gave a JWT-SVID of ${id}`);
    onToken({ spiffeId, token: svid.svid, expiresAtMs: expiry.getTime() });
    return Math.max(FIRST_DELAY_MS, this.#jittered((expiry.getTime() - nowMs) / 2));
  }

  #jittered(delayMs: number): number {
    const { random = Math.random } = this.#options;
    return delayMs * (1 - JITTER + 2 * JITTER * random());
  }
}
