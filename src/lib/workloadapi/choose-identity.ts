import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';

/** Which of a workload's identities are meant. All that is said has to hold; nothing said means every one. */
export interface IdentityChoice {
  readonly spiffeId?: SpiffeId | undefined;
  /** The operator's word on what the identity is for. */
  readonly hint?: string | undefined;
  /** The place in the server's order, from 0. */
  readonly index?: number | undefined;
}

/** What an identity is told by: an `X509Svid` and a `JwtSvid` both are one. */
export interface Identified {
  readonly id: SpiffeId;
  /** Empty if there is none. */
  readonly hint: string;
}

/**
 * The identities that are meant, in the server's order, so at least one.
 *
 * @throws SpirekitError `no-identity`, which names what there is
 */
export function chooseIdentities<T extends Identified>(granted: readonly T[], choice: IdentityChoice): T[] {
  const chosen = granted.filter((identity, index) => isMeant(identity, index, choice));
  if (chosen.length > 0) return chosen;
  throw new SpirekitError('no-identity', `no identity ${describeChoice(choice)}; ${describeGranted(granted)}`);
}

/**
 * The one identity that is meant: of several the first in the server's order, which is the default identity.
 *
 * @throws SpirekitError as {@link chooseIdentities}
 */
export function chooseIdentity<T extends Identified>(granted: readonly T[], choice: IdentityChoice): T {
  const [first] = chooseIdentities(granted, choice);
  if (first === undefined) throw new SpirekitError('internal', 'nothing was chosen and nothing refused');
  return first;
}

function isMeant({ id, hint }: Identified, index: number, choice: IdentityChoice): boolean {
  if (choice.spiffeId !== undefined && !id.equals(choice.spiffeId)) return false;
  if (choice.hint !== undefined && hint !== choice.hint) return false;
  return choice.index === undefined || index === choice.index;
}

function describeChoice({ spiffeId, hint, index }: IdentityChoice): string {
  const parts: string[] = [];
  if (spiffeId !== undefined) parts.push(`has the SPIFFE ID ${spiffeId}`);
  if (hint !== undefined) parts.push(`has the hint ${goQuote(hint)}`);
  if (index !== undefined) parts.push(`has the index ${index}`);
  return parts.length === 0 ? 'was granted' : parts.join(' and ');
}

/** A sentence with more is cut: hints alone may be a kilobyte long, and there may be hundreds of identities. */
const MOST_NAMED = 10;
const LONGEST_HINT = 80;

function describeGranted(granted: readonly Identified[]): string {
  if (granted.length === 0) return 'none was granted';
  const named = granted.slice(0, MOST_NAMED).map(({ id, hint }, index) => {
    const shown = hint.length > LONGEST_HINT ? `${hint.slice(0, LONGEST_HINT)}...` : hint;
    return `${index}: ${id}${hint === '' ? '' : ` (hint ${goQuote(shown)})`}`;
  });
  const more = granted.length - named.length;
  return `granted: ${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
