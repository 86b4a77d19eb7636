import { SpirekitError } from '../runtime/errors.ts';

/**
 * Checks the flag `authorityID`, which cannot be left out.
 *
 * @throws SpirekitError `usage`
 */
export function requireAuthorityId(text: string): string {
  if (text === '') throw new SpirekitError('usage', 'an authority ID is required');
  return text;
}

/**
 * Checks the flag `subjectKeyID`, which cannot be left out.
 *
 * @throws SpirekitError `usage`
 */
export function requireSubjectKeyId(text: string): string {
  if (text === '') {
    throw new SpirekitError('usage', 'the Subject Key ID of the X.509 upstream authority is required');
  }
  return text;
}
