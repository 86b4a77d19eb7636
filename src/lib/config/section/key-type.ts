import type { KeyType } from '../../crypto/key.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { ConfigError } from '../config-error.ts';

/** Key types of the server, in the order in which errors list them. */
export const SERVER_KEY_TYPES = ['rsa-2048', 'rsa-4096', 'ec-p256', 'ec-p384'] as const satisfies readonly KeyType[];

/** Key types of workloads' SVIDs. */
export const WORKLOAD_KEY_TYPES = ['rsa-2048', 'ec-p256', 'ec-p384'] as const satisfies readonly KeyType[];

/**
 * Reads the name of a key type, in any case.
 *
 * @throws {ConfigError} code `invalid-config`
 */
export function parseKeyType(text: string, allowed: readonly KeyType[]): KeyType {
  const keyType = allowed.find((candidate) => candidate === text.toLowerCase());
  if (keyType !== undefined) return keyType;
  throw new ConfigError(`key type ${goQuote(text)} is unknown; must be one of [${allowed.join(', ')}]`);
}
