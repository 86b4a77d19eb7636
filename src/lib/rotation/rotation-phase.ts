import { SpirekitError } from '../runtime/errors.ts';
import type { AuthorityLook, BundledAuthority, SlottedAuthority } from './authority-look.ts';

/** The steps of a rotation in SPIRE's words, in their order. */
export const ROTATION_STEPS = ['prepare', 'activate', 'taint', 'revoke'] as const;

/** One of them. */
export type RotationStep = (typeof ROTATION_STEPS)[number];

/** What a step leads to. */
export const STEP_DONE = { prepare: 'prepared', activate: 'activated', taint: 'tainted', revoke: 'revoked' } as const;

/** How far a rotation goes; `none` before its first step. */
export type RotationPhase = 'none' | (typeof STEP_DONE)[RotationStep];

/** Where a rotation stands. The server alone knows it: whoever asks next goes on from there. */
export interface RotationState {
  /** The authority that is to be retired. */
  readonly targetId: string;
  readonly phase: RotationPhase;
  /** It stands in no slot any more but is in the bundle: nobody can taint it. */
  readonly isOutOfReach: boolean;
  readonly target: SlottedAuthority | undefined;
  readonly active: SlottedAuthority;
  readonly prepared: SlottedAuthority | undefined;
  /** Whether the target was signed by an authority above the server: its own steps end with `activate` then. */
  readonly hasUpstream: boolean;
}

/**
 * Finds out which authority is being retired and how far that is. Without an id it is the old one while it is in the
 * bundle, or was when it was revoked; else the active one.
 *
 * @throws SpirekitError `unavailable` from a server that has no active authority yet, `failed-precondition` for the id of
 *   one that is only prepared
 */
export function rotationState(look: AuthorityLook, wantedId = ''): RotationState {
  const find = (slot: SlottedAuthority['slot']): SlottedAuthority | undefined =>
    look.slots.find((authority) => authority.slot === slot);
  const active = find('active');
  if (active === undefined) throw new SpirekitError('unavailable', 'the server has no active authority yet');
  const prepared = find('prepared');
  const targetId = wantedId === '' ? (find('old') ?? active).authorityId : wantedId;
  if (targetId === prepared?.authorityId) {
    throw new SpirekitError('failed-precondition', `authority ${targetId} is only prepared: it signs nothing yet`);
  }
  const target = look.slots.find(({ authorityId }) => authorityId === targetId);
  const bundled = look.bundle.find(({ authorityId }) => authorityId === targetId);
  const hasUpstream = look.kind === 'x509' && (target ?? active).upstreamAuthorityId !== '';
  return {
    targetId,
    phase: phaseOf(target, bundled, prepared !== undefined, hasUpstream),
    isOutOfReach: target === undefined && bundled !== undefined,
    target,
    active,
    prepared,
    hasUpstream,
  };
}

function phaseOf(
  target: SlottedAuthority | undefined,
  bundled: BundledAuthority | undefined,
  isNextPrepared: boolean,
  hasUpstream: boolean,
): RotationPhase {
  if (target?.slot === 'active') return isNextPrepared ? 'prepared' : 'none';
  if (hasUpstream && target !== undefined) return 'activated';
  if (bundled === undefined) return 'revoked';
  return bundled.isTainted ? 'tainted' : 'activated';
}

/** Whether a phase is as far as another, or farther. */
export function hasReached(phase: RotationPhase, goal: RotationPhase): boolean {
  return ORDER.indexOf(phase) >= ORDER.indexOf(goal);
}

const ORDER: readonly RotationPhase[] = ['none', 'prepared', 'activated', 'tainted', 'revoked'];
