import { formatSelector, type Selector } from '../../spiffe/selector.ts';

/** Selectors in a form that can be looked up. */
export type SelectorSet = ReadonlySet<string>;

export function selectorSet(selectors: readonly Selector[]): SelectorSet {
  return new Set(selectors.map(formatSelector));
}

/** Whether every member of `part` is in `whole`. */
export function isSubset(part: SelectorSet, whole: SelectorSet): boolean {
  if (part.size > whole.size) return false;
  for (const selector of part) if (!whole.has(selector)) return false;
  return true;
}
