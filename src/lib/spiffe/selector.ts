import { SpiffeError } from './spiffe-error.ts';

/** What an attestor found out about a node or workload, e.g. type `unix` with value `uid:1000`. */
export interface Selector {
  readonly type: string;
  readonly value: string;
}

/**
 * Splits `type:value` at the first colon. An empty part passes here, as in SPIRE's command line, and is refused by
 * {@link checkSelector}, which servers run.
 *
 * @throws SpiffeError `invalid-selector` when there is no colon
 */
export function parseSelector(text: string): Selector {
  const colon = text.indexOf(':');
  if (colon === -1) {
    throw new SpiffeError('invalid-selector', `selector "${text}" must be formatted as type:value`);
  }
  return { type: text.slice(0, colon), value: text.slice(colon + 1) };
}

/**
 * What a server demands of a selector that came over the wire.
 *
 * @throws SpiffeError `invalid-selector`
 */
export function checkSelector(selector: Selector): void {
  if (selector.type === '') throw new SpiffeError('invalid-selector', 'missing selector type');
  if (selector.type.includes(':')) throw new SpiffeError('invalid-selector', "selector type contains ':'");
  if (selector.value === '') throw new SpiffeError('invalid-selector', 'missing selector value');
}

/** `type:value`, what {@link parseSelector} reads. */
export function formatSelector(selector: Selector): string {
  return `${selector.type}:${selector.value}`;
}

/** Orders by type, then value, each by UTF-16 code units; 0 means equal. */
export function compareSelectors(a: Selector, b: Selector): number {
  return compareText(a.type, b.type) || compareText(a.value, b.value);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
