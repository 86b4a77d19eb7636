import { checkSelector, type Selector } from '../../spiffe/selector.ts';
import type { Selector as WireSelector } from '../gen/spire/api/types/selector.ts';

/** Selectors as the APIs of SPIRE send them. */
export function selectorsToWire(selectors: readonly Selector[]): WireSelector[] {
  return selectors.map(({ type, value }) => ({ type, value }));
}

/** @throws SpirekitError `invalid-selector` for an empty part or a colon in the type */
export function selectorsFromWire(selectors: readonly WireSelector[]): Selector[] {
  return selectors.map(({ type, value }) => {
    const selector = { type, value };
    checkSelector(selector);
    return selector;
  });
}
