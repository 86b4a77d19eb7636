import { RpcCode } from '../../rpc/status.ts';
import type { ExternalPlugin } from './external-plugin.ts';

/** Far more than any node or process has. */
const MAX_SELECTORS = 1_000;
const MAX_SELECTOR_LENGTH = 4_096;

/** Looks at the selector values that an attestor found. Throws what the plugin's errors are, for too many, too long or empty ones. */
export function checkSelectorValues(plugin: Pick<ExternalPlugin, 'error'>, values: readonly string[]): void {
  if (values.length <= MAX_SELECTORS && values.every(isSelectorValue)) return;
  throw plugin.error(
    RpcCode.internal,
    `plugin response is wrong: at most ${MAX_SELECTORS} selector values are taken, of 1 to ${MAX_SELECTOR_LENGTH} characters each`,
  );
}

function isSelectorValue(value: string): boolean {
  return value !== '' && value.length <= MAX_SELECTOR_LENGTH;
}
