import { checkShown, showAnything } from '../unit/inspect/show-anything.ts';

/** Any file is shown within bounds and without a control character, whatever it is taken for. */
export function target(bytes: Uint8Array): void {
  for (const purpose of ['svid', 'bundle', 'any'] as const) checkShown(showAnything(bytes, purpose));
}
