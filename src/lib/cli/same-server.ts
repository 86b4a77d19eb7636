import { kebabFlagName } from './programs.ts';
import { type ServerContext, serverFlags } from './server-flags.ts';

/** The flags that lead a command line to the server that this one was run with, to be copied; empty or with a blank before it. */
export function sameServer({ flags, given }: Pick<ServerContext, 'flags' | 'given'>): string {
  return Object.keys(serverFlags)
    .filter((name) => given.has(name))
    .map((name) => ` --${kebabFlagName(name)} ${shellQuoted(String(flags[name as keyof typeof serverFlags]))}`)
    .join('');
}

/** A word as a POSIX shell reads it back. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
