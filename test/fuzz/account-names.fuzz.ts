import { parseAccountNames } from '../../src/lib/unixprocess/account-names.ts';

/** Any text is read; every name begins a line of it, and ids have 32 bits. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  for (const [id, name] of parseAccountNames(text)) {
    if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff) throw new Error(`${id} is no id`);
    if (name === '' || !`\n${text}`.includes(`\n${name}:`)) throw new Error('a name that is not in the text');
  }
}
