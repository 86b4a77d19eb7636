import type { Part } from './parts.ts';

/** What there is to keep now, and what of it is new: what hooks and commands are told. */
export interface Change {
  readonly event: 'update' | 'revoked';
  readonly changed: readonly Part[];
  /** Empty if the identity was taken away. */
  readonly spiffeId: string;
  /** Where the files are, if any are written. */
  readonly folder: string | undefined;
  /** When the first of it is over, in milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** The variables that tell a hook or a command of it; nothing in them is secret. */
export function changeVariables({ event, changed, spiffeId, folder, expiresAtMs }: Change): Record<string, string> {
  return {
    SPIREKIT_EVENT: event,
    SPIREKIT_CHANGED: changed.join(','),
    SPIREKIT_SPIFFE_ID: spiffeId,
    SPIREKIT_EXPIRES_AT: Number.isFinite(expiresAtMs) ? new Date(expiresAtMs).toISOString() : '',
    ...(folder === undefined ? {} : { SPIREKIT_DIR: folder }),
  };
}

/** Two changes of which nobody has been told yet, as one. */
export function mergeChanges(earlier: Change, later: Change): Change {
  return { ...later, changed: [...new Set([...earlier.changed, ...later.changed])] };
}
