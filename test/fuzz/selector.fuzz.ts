import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import {
  checkSelector,
  compareSelectors,
  formatSelector,
  parseSelector,
  type Selector,
} from '../../src/lib/spiffe/selector.ts';
import { selectorsFromWire, selectorsToWire } from '../../src/lib/wire/convert/selector.ts';

/** Any text is refused, or is a selector that is written as it was read, with the first colon between its parts. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  let selector: Selector;
  try {
    selector = parseSelector(text);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-selector' && !text.includes(':')) return;
    throw error;
  }
  if (formatSelector(selector) !== text || selector.type.includes(':')) throw new Error('another selector');
  if (compareSelectors(selector, parseSelector(text)) !== 0) throw new Error('not equal to itself');
  const isWhole = selector.type !== '' && selector.value !== '';
  if (refuses(() => checkSelector(selector)) === isWhole) throw new Error('an empty part counts as none');
  if (refuses(() => selectorsFromWire(selectorsToWire([selector]))) === isWhole) throw new Error('the wire differs');
}

function refuses(step: () => void): boolean {
  try {
    step();
    return false;
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-selector') return true;
    throw error;
  }
}
