import { randomUUID } from 'node:crypto';
import { writeFileAtomic } from '../../../runtime/atomic-file.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import { PRIVATE_FILE_MODE, readPrivateFile } from '../../../runtime/private-file.ts';

/** By what a server knows its own keys in a store that it shares with others. */
export interface ServerIdentifierSettings {
  readonly key_identifier_file: string;
  readonly key_identifier_value: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The value of the configuration, or what is in the file; where there is none yet it is made, with a random UUID.
 *
 * Errors: `data-loss` for a file with something else in it, and those of reading and writing.
 */
export async function openServerIdentifier(settings: ServerIdentifierSettings): Promise<string> {
  if (settings.key_identifier_value !== '') return settings.key_identifier_value;
  const path = settings.key_identifier_file;
  const text = await readPrivateFile(path);
  if (text !== undefined) return parseServerIdentifier(path, text);
  const made = randomUUID();
  await writeFileAtomic(path, made, { mode: PRIVATE_FILE_MODE });
  return made;
}

/** Reads the text of a key identifier file. Error: `data-loss`; without it the keys of this server cannot be told from others'. */
export function parseServerIdentifier(path: string, text: string): string {
  const identifier = text.trim().toLowerCase();
  if (UUID.test(identifier)) return identifier;
  throw new SpirekitError(
    'data-loss',
    `key identifier file ${JSON.stringify(path)} holds no UUID; restore it, or the server no longer knows its keys`,
  );
}
