import type { Finding } from '../findings/finding.ts';
import type { AuthorityLook } from './authority-look.ts';
import type { Dependents } from './dependents.ts';
import { findOldSvids, type OldSvids } from './old-svids.ts';
import {
  newsFindings,
  oldSvidFindings,
  outOfReachFinding,
  slotLostFinding,
  upstreamFinding,
} from './rotation-findings.ts';
import type { RotationKnowledge } from './rotation-knowledge.ts';
import {
  hasReached,
  ROTATION_STEPS,
  type RotationPhase,
  type RotationState,
  type RotationStep,
  STEP_DONE,
} from './rotation-phase.ts';
import { spreadOf } from './spread.ts';

/** A step of the rotation as it looks now. */
export interface PlannedStep {
  readonly step: RotationStep;
  /** `next` comes next, `later` after that, `beyond` is not asked for, `impossible` cannot be done here. */
  readonly standing: 'done' | 'next' | 'later' | 'beyond' | 'impossible';
  /** From then on nobody is cut off by it, in milliseconds since the Unix epoch; only of the next one. */
  readonly safeAtMs?: number;
}

/** What a rotation has behind it, what it has before it, and whom the next step would cut off now. */
export interface RotationPlan {
  readonly look: AuthorityLook;
  readonly state: RotationState;
  readonly until: RotationPhase;
  readonly dependents: Dependents;
  readonly oldSvids: OldSvids;
  readonly steps: readonly PlannedStep[];
  readonly next: (PlannedStep & { readonly safeAtMs: number; readonly isSafe: boolean }) | undefined;
  readonly isDone: boolean;
  /** Whom the next step would cut off (errors), and what else there is to know. */
  readonly findings: readonly Finding[];
}

/** Works out the plan from a look; nothing is asked and nothing is changed. */
export function planRotation(
  look: AuthorityLook,
  state: RotationState,
  dependents: Dependents,
  options: { readonly until?: RotationPhase | undefined; readonly knowledge: RotationKnowledge },
): RotationPlan {
  const { knowledge } = options;
  const oldSvids = findOldSvids(look, state, dependents, knowledge);
  const until = options.until ?? (state.hasUpstream ? 'activated' : 'revoked');
  const spread = spreadOf(look, state, dependents, knowledge);
  const findings: Finding[] = [];
  let next: RotationPlan['next'];
  const steps = ROTATION_STEPS.map((step): PlannedStep => {
    if (hasReached(state.phase, STEP_DONE[step])) return { step, standing: 'done' };
    if (!hasReached(until, STEP_DONE[step])) return { step, standing: 'beyond' };
    if (state.isOutOfReach || (state.hasUpstream && (step === 'taint' || step === 'revoke'))) {
      return { step, standing: 'impossible' };
    }
    if (next !== undefined) return { step, standing: 'later' };
    const safeAtMs =
      step === 'prepare' ? look.atMs : step === 'revoke' ? oldSvids.allGoneMs : spread.sinceMs + spread.durationMs;
    next = { step, standing: 'next', safeAtMs, isSafe: safeAtMs <= look.atMs };
    if (!next.isSafe) {
      findings.push(...(step === 'revoke' ? oldSvidFindings(look, oldSvids) : newsFindings(spread, look, dependents)));
    }
    return next;
  });
  if (next?.step === 'prepare') findings.push(...slotLostFinding(look));
  if (state.hasUpstream && hasReached(state.phase, 'activated')) findings.push(upstreamFinding(state));
  if (state.isOutOfReach) findings.push(outOfReachFinding(look, state));
  return {
    look,
    state,
    until,
    dependents,
    oldSvids,
    steps,
    next,
    isDone: next === undefined && !steps.some(({ standing }) => standing === 'impossible'),
    findings,
  };
}
