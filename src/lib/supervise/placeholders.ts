import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';

/** What stands in arguments for a file or a word that is known only when the identity is there. */
export interface PlaceholderValues {
  readonly cert: string;
  readonly key: string;
  readonly bundle: string;
  readonly dir: string;
  readonly spiffe_id: string;
  /** Files with tokens, by the audience as it was asked for. */
  readonly jwt: ReadonlyMap<string, string>;
}

/** Anything else between braces belongs to the command. */
const PLACEHOLDER = /\{(cert|key|bundle|dir|spiffe_id|jwt:[^{}]*)\}/g;

/** The audiences that arguments ask a token for, each once. */
export function placeholderAudiences(args: readonly string[]): string[] {
  const words = args.flatMap((arg) => [...arg.matchAll(PLACEHOLDER)].map(([, word = '']) => word));
  return [...new Set(words.filter((word) => word.startsWith('jwt:')).map((word) => word.slice('jwt:'.length)))];
}

/**
 * An argument with its placeholders filled in. Values are not looked at again: what they hold is taken as it is.
 *
 * @throws SpirekitError `usage` for a token that nobody asked for
 */
export function expandPlaceholders(arg: string, values: PlaceholderValues): string {
  return arg.replace(PLACEHOLDER, (_, word: string) => {
    switch (word) {
      case 'cert':
      case 'key':
      case 'bundle':
      case 'dir':
      case 'spiffe_id':
        return values[word];
      default:
        return tokenFile(word.slice('jwt:'.length), values.jwt);
    }
  });
}

function tokenFile(audience: string, files: ReadonlyMap<string, string>): string {
  const file = files.get(audience);
  if (file !== undefined) return file;
  throw new SpirekitError('usage', `there is no token for the audience ${goQuote(audience)}`);
}
