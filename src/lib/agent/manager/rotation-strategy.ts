import type { Clock } from '../../runtime/clock.ts';
import { type DueTime, dueAt } from '../../runtime/due-time.ts';

/** When something begins and ends to be valid, in milliseconds since the Unix epoch. */
export interface Lifetime {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** How early SVIDs are replaced. */
export interface RotationStrategy {
  /** How long an X509-SVID should stay valid when the server is gone, in seconds; undefined replaces at half-life. */
  readonly availabilityTargetSeconds: number | undefined;
  /** A number from 0 up to but not 1, for jitter: agents that started together must not renew together. */
  readonly random: () => number;
}

/** The target counts only if this much of the lifetime is left beside it. */
const LEAST_GRACE_MS = 12 * 3600 * 1000;

const TARGET_JITTER_MS = 10 * 60 * 1000;

/** An SVID that is just received is not replaced sooner than this. */
const LEAST_USE_MS = 500;

/** By the agent's clock it has ended before it was received. The server's clock may be wrong, or the agent's. */
const USE_AFTER_END_MS = 5_000;

/** Whether a lifetime is too short for the availability target, so that half-life decides. */
export function isTooShortForTarget(strategy: RotationStrategy, lifetime: Lifetime): boolean {
  const { availabilityTargetSeconds } = strategy;
  if (availabilityTargetSeconds === undefined) return false;
  return lifetime.notAfterMs - lifetime.notBeforeMs - availabilityTargetSeconds * 1000 <= LEAST_GRACE_MS;
}

/**
 * When to replace an X509-SVID, in milliseconds since the Unix epoch: after 45 to 55 % of its life, or with an
 * availability target that long before its end and up to ten minutes earlier.
 *
 * @param receivedAtMs for one that was just received: it is dated back, and where its issuer ends soon, half of its life
 *   may be over already; then a quarter of what is left passes first, or the next one would be asked for at once, and again
 */
export function x509RotationTimeMs(strategy: RotationStrategy, lifetime: Lifetime, receivedAtMs?: number): number {
  const { availabilityTargetSeconds, random } = strategy;
  if (availabilityTargetSeconds !== undefined && !isTooShortForTarget(strategy, lifetime)) {
    return lifetime.notAfterMs - availabilityTargetSeconds * 1000 - random() * TARGET_JITTER_MS;
  }
  const halfMs = halfLifeMs(lifetime, random);
  if (receivedAtMs === undefined) return halfMs;
  const leftMs = lifetime.notAfterMs - receivedAtMs;
  return Math.max(halfMs, receivedAtMs + (leftMs > 0 ? Math.max(LEAST_USE_MS, leftMs / 4) : USE_AFTER_END_MS));
}

/**
 * The moment of a rotation on both clocks. It does not depend on the wall clock alone: where that is behind the issuer's,
 * the moment comes after that part of the lifetime all the same.
 *
 * @param rotateAtMs within the lifetime, in milliseconds since the Unix epoch
 */
export function rotationDue(
  rotateAtMs: number,
  lifetime: Pick<Lifetime, 'notBeforeMs'>,
  clock: Pick<Clock, 'nowMs' | 'monotonicMs'>,
): DueTime {
  return dueAt(rotateAtMs, clock, rotateAtMs - lifetime.notBeforeMs);
}

/** When to replace a JWT-SVID: as for X509-SVIDs without an availability target. */
export function jwtRotationTimeMs(strategy: RotationStrategy, lifetime: Lifetime): number {
  return halfLifeMs(lifetime, strategy.random);
}

function halfLifeMs({ notBeforeMs, notAfterMs }: Lifetime, random: () => number): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * (0.45 + 0.1 * random());
}
