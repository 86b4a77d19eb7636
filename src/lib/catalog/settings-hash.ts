import { createHash } from 'node:crypto';

/** Half of a SHA-512 in hexadecimal. */
const LENGTH = 32;

/** By what logs tell one text of settings from another, as SPIRE's do. */
export function settingsHash(data: string): string {
  return createHash('sha512').update(data).digest('hex').slice(0, LENGTH);
}
