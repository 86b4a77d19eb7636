import { goQuote } from '../../runtime/go-quote.ts';
import { ConfigError } from '../config-error.ts';

/** How many plugins of a type a daemon has. */
export interface PluginCount {
  readonly min: number;
  readonly max: number;
}

/** What SPIRE says when there are too few or too many plugins of a type; undefined when the number is right. */
export function findCountFault({ min, max }: PluginCount, count: number): string | undefined {
  if (min === max && count !== min) return `expected exactly ${min} but got ${count}`;
  if (count < min) return `expected at least ${min} but got ${count}`;
  return count > max ? `expected at most ${max} but got ${count}` : undefined;
}

/** @throws {ConfigError} code `invalid-config`, in SPIRE's words, when there are too few or too many plugins of a type */
export function checkCount(type: string, wanted: PluginCount, count: number): void {
  const fault = findCountFault(wanted, count);
  if (fault !== undefined) throw new ConfigError(`plugin type ${goQuote(type)} constraint not satisfied: ${fault}`);
}
