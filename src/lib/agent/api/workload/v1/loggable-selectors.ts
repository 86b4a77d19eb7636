import { formatSelector, type Selector } from '../../../../spiffe/selector.ts';

/**
 * Those selectors that the operator lets into the log, sorted and joined by commas; undefined if there are none. A
 * prefix ends at a colon: `unix:uid` stands for `unix:uid` and `unix:uid:0`, not for `unix:uids`.
 */
export function loggableSelectors(selectors: readonly Selector[], prefixes: readonly string[]): string | undefined {
  const shown = selectors
    .map(formatSelector)
    .filter((text) => prefixes.some((prefix) => text === prefix || text.startsWith(`${prefix}:`)));
  return shown.length === 0 ? undefined : shown.sort().join(',');
}
