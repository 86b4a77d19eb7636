import type { Selector } from '../spiffe/selector.ts';
import { kindOf } from './subject.ts';

/** Longer selectors are cut in sentences: they fill the screen and say no more. */
const LONGEST_SHOWN = 200;

/**
 * A selector for people. The values of the unix attestor are shown: users, groups and paths are what has to be compared,
 * and whoever may list entries or processes sees them anyway. Those of others may hold secrets (`docker:env:TOKEN=...`), so
 * only their kind is shown unless it is asked for.
 */
export function showSelector(selector: Selector, showAll: boolean): string {
  const text = isOpen(selector) || showAll ? `${selector.type}:${selector.value}` : `${kindOf(selector)}:***`;
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

/** Whether its value is shown without being asked for. */
export function isOpen({ type }: Selector): boolean {
  return type === 'unix';
}
