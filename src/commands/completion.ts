import { basename } from 'node:path';
import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { SHELLS } from '../lib/cli/completion/fixed-values.ts';
import { SHELL_SCRIPTS } from '../lib/cli/completion/shell-scripts.ts';
import { AdvisedError } from '../lib/cli/failure.ts';

const flags = {};

/** `spirekit completion` */
export default class Completion extends BaseCommand<typeof flags> {
  static override readonly summary = 'Print what makes a shell complete commands, flags and their values';
  static override readonly description =
    'The script asks spirekit at each key, which offers commands and flags, and values that exist: IDs of entries and agents, SPIFFE IDs, trust domains, authorities, contexts. They come from the server or agent that the command would call; when none answers within a second there are none.';
  static override readonly goFlags = flags;
  static override readonly usageName = 'completion';
  static override readonly args = {
    shell: { description: `The shell: ${SHELLS.join(', ')}; without it that of SHELL` },
  };
  static override readonly examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/spirekit.fish',
  ];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const [word = basename(context.env['SHELL'] ?? ''), more] = context.args;
    const shell = SHELLS.find((name) => name === word);
    if (shell === undefined || more !== undefined) {
      const advice = `There are scripts for ${SHELLS.join(', ')}.`;
      throw new AdvisedError(
        'usage',
        word === '' ? 'the name of a shell is needed' : `there is no script for ${JSON.stringify(word)}`,
        advice,
      );
    }
    context.io.stdout.write(SHELL_SCRIPTS[shell]);
  }
}
