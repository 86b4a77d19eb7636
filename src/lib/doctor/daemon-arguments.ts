/** What a daemon's command line says about where it looks. */
export interface DaemonArguments {
  /** The values of flags by their Go names, the last one of each; a flag without a value has an empty one. */
  readonly flags: ReadonlyMap<string, string>;
}

/** Longer than any command line of a daemon; the rest is not looked at. */
const MOST_ARGUMENTS = 1000;

/**
 * Reads `/proc/<pid>/cmdline`: arguments that each end in a zero byte. What stands before the first flag is the program and
 * its words. `-x v`, `-x=v` and two dashes are the same; whether a flag is a switch cannot be told here, so a word behind
 * one is taken for its value unless it is a flag itself.
 */
export function parseDaemonArguments(cmdline: string): DaemonArguments {
  const words = cmdline.split('\0', MOST_ARGUMENTS);
  const flags = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    if (word === '--') break;
    const [, name, value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) continue;
    const next = words[index + 1] ?? '';
    flags.set(toGoName(name), value ?? (next.startsWith('-') ? '' : next));
  }
  return { flags };
}

/** `expand-env` and `expandEnv` are one flag. */
function toGoName(name: string): string {
  return name.replace(/-+([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
