import type { Finding } from '../../findings/finding.ts';
import { lintLifetimes } from './lint-lifetimes.ts';
import { lintOverlaps } from './lint-overlaps.ts';
import { lintParents } from './lint-parents.ts';
import { lintSelectors } from './lint-selectors.ts';
import { type LintedEntry, type LintFacts, viewOf } from './linted-entry.ts';

/** What is wrong or odd with entries, in their order; `findings/entry-explanations.ts` says what each code means. */
export function lintEntries(entries: readonly LintedEntry[], facts: LintFacts): Finding[] {
  const views = entries.map(viewOf);
  return [
    ...views.flatMap((view) => [...lintSelectors(view), ...lintLifetimes(view, facts)]),
    ...lintOverlaps(views),
    ...lintParents(views, facts),
  ];
}
