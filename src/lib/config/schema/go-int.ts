import { goQuote } from '../../runtime/go-quote.ts';
import { ConfigError, type ConfigPosition } from '../config-error.ts';

const INTEGER = /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;

/**
 * Reads an integer as Go's `strconv.ParseInt` with base 0 does: `0x`, `0o`, `0b` and a leading 0 name the base, and
 * underscores may stand between digits.
 *
 * @throws {ConfigError} code `invalid-config`, with Go's wording; also for integers that a number cannot hold exactly
 */
export function parseGoInt(text: string, position?: ConfigPosition): number {
  const refuse = (reason: string): never => {
    throw new ConfigError(`strconv.ParseInt: parsing ${goQuote(text)}: ${reason}`, { position });
  };
  if (!INTEGER.test(text)) return refuse('invalid syntax');
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '');
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = Number(text.startsWith('-') ? -magnitude : magnitude);
  return Number.isSafeInteger(value) ? value : refuse('value out of range');
}
