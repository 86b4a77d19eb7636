/** What the command line of an agent tells; empty texts for what it does not name. */
export interface RunArguments {
  readonly config: string;
  readonly dataDir: string;
  readonly expandEnv: boolean;
}

/**
 * Reads the command line of a process that may be an agent: what follows the word `run` are flags of Go, of SPIRE's or of
 * the umbrella. Undefined if there is no such word.
 */
export function parseRunArguments(words: readonly string[]): RunArguments | undefined {
  const run = words.indexOf('run');
  if (run === -1) return undefined;
  let [config, dataDir] = ['', ''];
  let expandEnv = false;
  for (let index = run + 1; index < words.length; index += 1) {
    const match = /^--?([A-Za-z-]+)(?:=(.*))?$/s.exec(words[index] ?? '');
    if (match === null) continue;
    const [, name, text] = match;
    switch (name) {
      case 'config':
        config = text ?? words[++index] ?? '';
        break;
      case 'dataDir':
      case 'data-dir':
        dataDir = text ?? words[++index] ?? '';
        break;
      case 'expandEnv':
      case 'expand-env':
        expandEnv = text === undefined || /^(1|t|true)$/i.test(text);
        break;
    }
  }
  return { config, dataDir, expandEnv };
}
