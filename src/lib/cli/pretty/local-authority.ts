import { SpirekitError } from '../../runtime/errors.ts';
import type { AuthorityState } from '../../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { formatGoTime, UTC } from '../go-time.ts';

/** The authorities of one kind by the slot they stand in; a slot may be empty. */
export interface AuthoritySlots {
  readonly active: AuthorityState | undefined;
  readonly prepared: AuthorityState | undefined;
  readonly old: AuthorityState | undefined;
}

/** What was done to an authority. */
export type AuthorityStep = 'prepared' | 'activated' | 'tainted' | 'revoked';

/** The text of `localauthority x509 show`. */
export function formatX509Authorities(slots: AuthoritySlots): string {
  return formatSlots('X.509', slots);
}

/** The text of `localauthority jwt show`. */
export function formatJwtAuthorities(slots: AuthoritySlots): string {
  return formatSlots('JWT', slots);
}

/**
 * The text of the `localauthority x509` commands that change something.
 *
 * @throws SpirekitError `internal` when the server did not say which authority it changed
 */
export function formatX509Step(step: AuthorityStep, authority: AuthorityState | undefined): string {
  return formatStep('X.509', step, authority);
}

/**
 * The text of the `localauthority jwt` commands that change something.
 *
 * @throws SpirekitError `internal` when the server did not say which authority it changed
 */
export function formatJwtStep(step: AuthorityStep, authority: AuthorityState | undefined): string {
  return formatStep('JWT', step, authority);
}

/** The text of the `upstreamauthority` commands. */
export function formatUpstreamStep(step: 'tainted' | 'revoked', subjectKeyId: string): string {
  return `${capitalized(step)} X.509 upstream authority:\n  Subject Key ID: ${subjectKeyId}\n`;
}

type Kind = 'X.509' | 'JWT';

function formatSlots(kind: Kind, slots: AuthoritySlots): string {
  return (['active', 'prepared', 'old'] as const)
    .map((slot) => {
      const authority = slots[slot];
      const body = authority ? formatAuthority(kind, authority) : `  No ${slot} ${kind} authority found\n`;
      return `${capitalized(slot)} ${kind} authority:\n${body}`;
    })
    .join('\n');
}

function formatStep(kind: Kind, step: AuthorityStep, authority: AuthorityState | undefined): string {
  if (authority === undefined) {
    throw new SpirekitError('internal', `internal error: expected to have ${step} ${kind} authority information`);
  }
  return `${capitalized(step)} ${kind} authority:\n${formatAuthority(kind, authority)}`;
}

/** Only CA certificates can come from above the server: the keys of JWT-SVIDs are always its own. */
function formatAuthority(kind: Kind, authority: AuthorityState): string {
  const lines = [
    `Authority ID: ${authority.authorityId}`,
    `Expires at: ${formatGoTime(authority.expiresAt, UTC)}`,
    ...(kind === 'X.509' ? [upstreamLine(authority.upstreamAuthoritySubjectKeyId)] : []),
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}

function upstreamLine(subjectKeyId: string): string {
  return subjectKeyId === ''
    ? 'Upstream authority ID: No upstream authority'
    : `Upstream authority Subject Key ID: ${subjectKeyId}`;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
