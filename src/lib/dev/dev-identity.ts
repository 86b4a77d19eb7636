import { SpirekitError } from '../runtime/errors.ts';
import { parseSelector, type Selector } from '../spiffe/selector.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';

/** A workload that a throwaway trust domain knows from its start. */
export interface DevIdentity {
  readonly id: SpiffeId;
  readonly selectors: readonly Selector[];
}

/**
 * Reads `PATH=SELECTOR[,SELECTOR...]`, for example `web=unix:uid:1000`: the path below the trust domain, with or without
 * its first slash, and what a process must be to get it. Errors: `usage`, `invalid-spiffe-id`, `invalid-selector`.
 */
export function parseDevIdentity(text: string, trustDomain: TrustDomain): DevIdentity {
  const equals = text.indexOf('=');
  if (equals <= 0) {
    throw new SpirekitError('usage', `identity ${JSON.stringify(text)} must be formatted as path=type:value`);
  }
  const path = text.slice(0, equals);
  const selectors = text
    .slice(equals + 1)
    .split(',')
    .map(parseSelector);
  return { id: SpiffeId.fromPath(trustDomain, path.startsWith('/') ? path : `/${path}`), selectors };
}
