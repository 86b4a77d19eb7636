import type { Finding } from '../../findings/finding.ts';
import { entryKey } from '../entry-fields.ts';
import { type EntryView, isNodeAlias } from './linted-entry.ts';
import { pushTo } from './push-to.ts';

/** More pairs than this tell no more. */
const MOST_PAIRS = 1000;

/** Entries that are the same, or of which one workload gets several identities. */
export function* lintOverlaps(views: readonly EntryView[]): Generator<Finding> {
  const first = new Map<string, EntryView>();
  for (const view of views) {
    const key = entryKey(view.entry);
    const other = first.get(key);
    if (other === undefined) first.set(key, view);
    else {
      yield {
        code: 'SPK-5001',
        severity: 'error',
        subject: view.subject,
        message: 'another entry has the same SPIFFE ID, parent and selectors',
        evidence: [other.subject],
        remedy: 'Keep one of them.',
      };
    }
  }
  let pairs = 0;
  for (const [narrow, wide] of overlaps(
    [...first.values()].filter((view) => !isNodeAlias(view) && !view.entry.storeSvid),
  )) {
    pairs += 1;
    if (pairs > MOST_PAIRS) return;
    const [hint, otherHint] = [narrow.entry.hint, wide.entry.hint];
    if (hint !== '' && hint === otherHint) {
      yield {
        code: 'SPK-5012',
        severity: 'warning',
        subject: narrow.subject,
        message: `a workload that matches gets ${wide.spiffeId} as well, under the same hint: only one of the two is served`,
        evidence: [wide.subject, `hint: ${hint}`],
        remedy: 'Give each a hint of its own.',
      };
    } else if (narrow.spiffeId !== wide.spiffeId) {
      const areTold = hint !== '' && otherHint !== '';
      yield {
        code: 'SPK-5002',
        severity: areTold ? 'info' : 'warning',
        subject: narrow.subject,
        message: `a workload that matches gets ${wide.spiffeId} as well; which one is first depends on the IDs of the entries`,
        evidence: [wide.subject, `its selectors: ${wide.selectors.join(', ')}`],
        remedy: 'Give the wider entry one more selector, or both a hint.',
      };
    }
  }
}

/**
 * Pairs below the same parent in which all selectors of the second are among those of the first. Each entry is looked for
 * under the one of its selectors that the fewest entries have, so that one look at each selector finds all.
 */
function* overlaps(views: readonly EntryView[]): Generator<readonly [narrow: EntryView, wide: EntryView]> {
  const scoped = (view: EntryView, selector: string): string => `${view.parentId}\0${selector}`;
  const frequency = new Map<string, number>();
  for (const view of views) {
    for (const selector of view.selectors) {
      const key = scoped(view, selector);
      frequency.set(key, (frequency.get(key) ?? 0) + 1);
    }
  }
  const byRarest = new Map<string, EntryView[]>();
  for (const view of views) {
    const keys = view.selectors.map((selector) => scoped(view, selector));
    const rarest = keys.reduce((one, other) => ((frequency.get(other) ?? 0) < (frequency.get(one) ?? 0) ? other : one));
    pushTo(byRarest, rarest, view);
  }
  for (const narrow of views) {
    const own = new Set(narrow.selectors);
    for (const selector of narrow.selectors) {
      for (const wide of byRarest.get(scoped(narrow, selector)) ?? []) {
        if (wide === narrow || !wide.selectors.every((each) => own.has(each))) continue;
        // Of two with the same selectors each would be found under the other.
        const isTwin = wide.selectors.length === narrow.selectors.length;
        if (!isTwin || wide.subject < narrow.subject) yield [narrow, wide];
      }
    }
  }
}
