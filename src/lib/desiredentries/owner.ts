import { createHash } from 'node:crypto';
import { SpirekitError } from '../runtime/errors.ts';

/** Room for what follows a prefix within the 255 characters of an ID. */
const LONGEST_PREFIX = 200;

/** The beginning of the IDs of all entries that one owner has made, as spire-controller-manager marks its own. */
export type OwnerPrefix = string & { readonly isOwnerPrefix: unique symbol };

/**
 * Checks what `-owner` names. It has to end in a mark that parts it from what follows, so that no owner's prefix is the
 * beginning of a word of another's; and it may not be the beginning of a random ID, which servers make.
 *
 * @throws SpirekitError `invalid-argument`
 */
export function parseOwnerPrefix(text: string): OwnerPrefix {
  if (!/^[A-Za-z0-9._-]+$/.test(text)) {
    throw new SpirekitError(
      'invalid-argument',
      `owner ${JSON.stringify(text)}: only letters, digits, dots, dashes and underscores`,
    );
  }
  if (text.length > LONGEST_PREFIX) {
    throw new SpirekitError('invalid-argument', `the owner is longer than ${LONGEST_PREFIX} characters`);
  }
  if (!/[A-Za-z0-9][._-]$/.test(text)) {
    throw new SpirekitError(
      'invalid-argument',
      `owner ${JSON.stringify(text)} has to end in a dot, a dash or an underscore behind a name, such as ${text.replace(/[._-]+$/, '') || 'team'}.`,
    );
  }
  if (/^[0-9a-f]{8}-([0-9a-f]{4}-){0,3}$/i.test(text)) {
    throw new SpirekitError(
      'invalid-argument',
      `owner ${JSON.stringify(text)} is the beginning of a random ID as servers make them`,
    );
  }
  // Checked above.
  return text as OwnerPrefix;
}

/**
 * The ID of an owner's entry: the same for the same key, so that making it again makes no second one.
 *
 * @param attempt above 0 where the ID is taken by another entry
 */
export function ownedId(owner: OwnerPrefix, key: string, attempt = 0): string {
  const hash = createHash('sha256').update(key);
  if (attempt > 0) hash.update(`#${attempt}`);
  return `${owner}${hash.digest('hex').slice(0, 32)}`;
}
