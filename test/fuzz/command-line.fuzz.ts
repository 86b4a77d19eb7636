import { commandTable } from '../../src/lib/cli/command-table.ts';
import { adviseOnWords } from '../../src/lib/cli/suggestion.ts';
import { resolveWords } from '../../src/lib/cli/word-resolution.ts';
import { findSuggestion } from '../../src/lib/runtime/nearest-word.ts';

const PROGRAMS = ['spirekit', 'spire-agent', 'spire-server'] as const;

/** Any words (one a line) name a command that exists, or none, and then there is something to say about them. */
export function target(bytes: Uint8Array): void {
  const argv = new TextDecoder().decode(bytes).split('\n');
  for (const program of PROGRAMS) {
    const commands = [...commandTable(program).keys()];
    const found = resolveWords(commands, argv);
    switch (found.kind) {
      case 'version':
      case 'top':
        break;
      case 'unknown':
        if (commands.includes(found.words)) throw new Error('a command that is not found');
        if (program === 'spirekit' && found.words.length < 64) checkAdvice(found.words, commands);
        break;
      case 'group':
      case 'command':
        if (!commands.some((name) => `${name} `.startsWith(`${found.words} `))) throw new Error('no such command');
        if (JSON.stringify(argv.slice(argv.length - found.args.length)) !== JSON.stringify(found.args))
          throw new Error('arguments');
        break;
    }
  }
}

function checkAdvice(words: string, commands: readonly string[]): void {
  if (adviseOnWords(words, commands) === '') throw new Error('nothing to say');
  const guess = findSuggestion(words, commands);
  if (guess !== undefined && !commands.includes(guess)) throw new Error('no such command either');
}
