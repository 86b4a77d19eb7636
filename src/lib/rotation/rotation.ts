import { localAuthorityClient } from '../client/local-authority-client.ts';
import type { RpcClient } from '../rpc/client.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { type AuthorityKind, type AuthorityLook, lookAtAuthorities } from './authority-look.ts';
import { type Dependents, readDependents } from './dependents.ts';
import { type RotationKnowledge, RotationMemory } from './rotation-knowledge.ts';
import { hasReached, type RotationPhase, type RotationState, rotationState, STEP_DONE } from './rotation-phase.ts';
import { planRotation, type RotationPlan } from './rotation-plan.ts';
import { measureDefaultTtl } from './svid-lifetime.ts';

/** What a {@link Rotation} is made from. */
export interface RotationOptions {
  /** Belongs to the caller. */
  readonly rpc: RpcClient;
  readonly kind: AuthorityKind;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** The authority to retire; empty lets the server's state decide. */
  readonly authorityId?: string;
  /** Default: as far as it goes. */
  readonly until?: RotationPhase | undefined;
  readonly knowledge?: RotationKnowledge;
  /** Whether the server may be asked for an SVID to learn its default lifetime, once it counts. */
  readonly mayMeasure?: boolean;
}

/** Between two looks of {@link Rotation.watch}, at the most. */
const LOOK_EVERY_MS = 5_000;

/** Between two looks at the least: the moment may have been calculated from another clock. */
const LOOK_AGAIN_MS = 200;

/** Agents and entries are read anew after so long, or ten times as long as reading them took. */
const DEPENDENTS_LAST_MS = 5_000;
const DEPENDENTS_EFFORT = 10;

/** What is told of while a rotation is watched. */
export interface RotationWatcher {
  readonly onPlan?: (plan: RotationPlan) => void;
  /** A step was done, by this process or by another that was faster. */
  readonly onStep?: (plan: RotationPlan) => void;
  /** The server cannot be asked now; it is asked again. */
  readonly onTrouble?: (error: SpirekitError) => void;
}

/**
 * A rotation of the server's authorities. Its state is the server's alone: any number of processes may be at it, one after the
 * other or at once, and each goes on from what the server says.
 */
export class Rotation {
  readonly #options: RotationOptions;
  readonly #memory: RotationMemory;
  #targetId: string;
  #dependents: { readonly read: Dependents; readonly freshUntilMs: number } | undefined;
  #hasMeasured = false;

  constructor(options: RotationOptions) {
    this.#options = options;
    this.#memory = new RotationMemory(options.knowledge ?? {});
    this.#targetId = options.authorityId ?? '';
  }

  /**
   * Looks at the server and works out the plan. Which authority is retired is settled by the first call.
   *
   * @throws RpcError, and as {@link rotationState}
   */
  async plan(): Promise<RotationPlan> {
    const { look, state } = await this.#look();
    const dependents = await this.#readDependents();
    this.#memory.noteAgents(dependents);
    const { until, mayMeasure } = this.#options;
    const draft = planRotation(look, state, dependents, { until, knowledge: this.#memory.knowledge });
    if (draft.next?.step !== 'revoke' || !draft.oldSvids.isTtlAssumed || mayMeasure !== true || this.#hasMeasured) {
      return draft;
    }
    await this.#measure(look, state);
    return planRotation(look, state, dependents, { until, knowledge: this.#memory.knowledge });
  }

  /**
   * Does the next step of a plan, safe or not. That another process did it meanwhile is as good.
   *
   * @throws RpcError that the server refused it with
   */
  async step(plan: RotationPlan): Promise<void> {
    const { next, state } = plan;
    if (next === undefined) return;
    const before = await this.#look();
    if (hasReached(before.state.phase, STEP_DONE[next.step])) return;
    try {
      await this.#call(next.step, before.state);
    } catch (error) {
      const after = await this.#look();
      if (after.state.phase === state.phase || !hasReached(after.state.phase, STEP_DONE[next.step])) throw error;
    }
    this.#dependents = undefined;
    await this.#look();
    this.#memory.noteAgents(await this.#readDependents());
  }

  /**
   * Does each step as soon as it is safe (with `force` at once) until there is none left that it can do. A server that is away
   * for a while is waited for, except at the first look.
   *
   * @throws RpcError, the signal's reason
   */
  async watch(watcher: RotationWatcher = {}, { force = false } = {}): Promise<RotationPlan> {
    const { clock, signal } = this.#options;
    let isFirst = true;
    for (;;) {
      signal?.throwIfAborted();
      try {
        const plan = await this.plan();
        isFirst = false;
        watcher.onPlan?.(plan);
        if (plan.next === undefined) return plan;
        if (plan.next.isSafe || force) {
          await this.step(plan);
          watcher.onStep?.(plan);
          continue;
        }
        const leftMs = plan.next.safeAtMs - clock.nowMs();
        await sleep(clock, Math.min(LOOK_EVERY_MS, Math.max(LOOK_AGAIN_MS, leftMs)), { signal });
      } catch (cause) {
        signal?.throwIfAborted();
        const error = SpirekitError.from(cause);
        if (isFirst || error.code !== 'unavailable') throw cause;
        watcher.onTrouble?.(error);
        await sleep(clock, LOOK_EVERY_MS, { signal });
      }
    }
  }

  async #look(): Promise<{ look: AuthorityLook; state: RotationState }> {
    const { rpc, kind, clock, signal } = this.#options;
    const look = await lookAtAuthorities(rpc, kind, { clock, signal });
    const state = rotationState(look, this.#targetId);
    this.#targetId = state.targetId;
    this.#memory.note(look, state);
    return { look, state };
  }

  async #readDependents(): Promise<Dependents> {
    const { rpc, kind, clock, signal } = this.#options;
    const fromMs = clock.monotonicMs();
    if (this.#dependents !== undefined && fromMs < this.#dependents.freshUntilMs) return this.#dependents.read;
    const read = await readDependents(rpc, kind, { nowMs: clock.nowMs(), signal });
    const nowMs = clock.monotonicMs();
    const freshMs = Math.max(DEPENDENTS_LAST_MS, (nowMs - fromMs) * DEPENDENTS_EFFORT);
    this.#dependents = { read, freshUntilMs: nowMs + freshMs };
    return read;
  }

  async #measure({ trustDomain }: AuthorityLook, { active }: RotationState): Promise<void> {
    const { rpc, kind, signal } = this.#options;
    this.#hasMeasured = true;
    const measured = await measureDefaultTtl(rpc, kind, {
      trustDomain,
      authorityExpiresAtMs: active.expiresAtMs,
      signal,
    });
    this.#memory.defaultTtlSeconds = measured ?? 'cut';
  }

  async #call(step: keyof typeof STEP_DONE, { prepared, targetId }: RotationState): Promise<void> {
    const { rpc, kind, signal } = this.#options;
    const authorities = localAuthorityClient(rpc);
    const isX509 = kind === 'x509';
    const next = { authorityId: prepared?.authorityId ?? '' };
    const target = { authorityId: targetId };
    switch (step) {
      case 'prepare':
        await (isX509
          ? authorities.prepareX509Authority({}, { signal })
          : authorities.prepareJWTAuthority({}, { signal }));
        return;
      case 'activate':
        await (isX509
          ? authorities.activateX509Authority(next, { signal })
          : authorities.activateJWTAuthority(next, { signal }));
        return;
      case 'taint':
        await (isX509
          ? authorities.taintX509Authority(target, { signal })
          : authorities.taintJWTAuthority(target, { signal }));
        return;
      case 'revoke':
        await (isX509
          ? authorities.revokeX509Authority(target, { signal })
          : authorities.revokeJWTAuthority(target, { signal }));
        return;
    }
  }
}
