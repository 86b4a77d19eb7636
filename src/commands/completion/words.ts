import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { commandTable } from '../../lib/cli/command-table.ts';
import { formatCompletion } from '../../lib/cli/completion/candidate.ts';
import { complete } from '../../lib/cli/completion/complete.ts';
import { loadCommand } from '../../lib/cli/load-command.ts';

const flags = {};

/** `spirekit completion words` */
export default class CompletionWords extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Say what could stand at the end of a command line; the scripts of shells ask this';
  static override readonly description =
    'The first line says what follows: words, or unfinished ones that no blank comes after, one a line with a description behind a tab; or files, folders, command, which the shell offers itself.';
  static override readonly goFlags = flags;
  static override readonly usageName = 'completion words';
  static override readonly stopsAtArgument = true;
  static override readonly args = {
    words: { description: 'What stands behind the name of the program; the last word is being typed and may be empty' },
  };
  static override readonly examples = ["<%= config.bin %> completion words -- entry ''"];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { env, clock } = context;
    const completion = await complete(context.args, {
      table: commandTable('spirekit'),
      commands: loadCommand,
      async findValues(request) {
        const { findLiveValues } = await import('../../lib/cli/completion/live-values.ts');
        return findLiveValues(request, { env, clock });
      },
    });
    context.io.stdout.write(formatCompletion(completion));
  }
}
