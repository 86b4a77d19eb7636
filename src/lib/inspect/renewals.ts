import { SpirekitError } from '../runtime/errors.ts';
import type { Document } from './document.ts';
import type { Lifetime } from './lifetime.ts';
import { type RenewalThreshold, renewalState } from './renewal.ts';
import { inspectSvid } from './svid-inspection.ts';

/** Whether one SVID has to be renewed. */
export interface Renewal {
  readonly name: string;
  readonly state: 'fresh' | 'due' | 'expired' | 'unreadable';
  readonly lifetime: Lifetime | undefined;
  /** Why there is no life to look at; empty if there is one. */
  readonly reason: string;
}

/** Looks at the SVIDs among the documents. */
export function renewalsOf(documents: readonly Document[], threshold: RenewalThreshold, nowMs: number): Renewal[] {
  return documents.flatMap((document): Renewal[] => {
    if (document.kind === 'bundle') return [];
    const { name, lifetime, findings } = inspectSvid(document, nowMs);
    if (lifetime !== undefined)
      return [{ name, state: renewalState(lifetime, threshold, nowMs), lifetime, reason: '' }];
    const reason = findings[0]?.message ?? 'it does not say when it expires';
    return [{ name, state: 'unreadable', lifetime, reason }];
  });
}

/** What the whole source needs. @throws SpirekitError `not-found` if there is no SVID in it */
export function worstRenewal(source: string, renewals: readonly Renewal[]): Renewal['state'] {
  for (const state of ['unreadable', 'expired', 'due', 'fresh'] as const) {
    if (renewals.some((renewal) => renewal.state === state)) return state;
  }
  throw new SpirekitError('not-found', `there is no SVID in ${source}`);
}
