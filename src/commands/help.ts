import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { commandTable } from '../lib/cli/command-table.ts';
import { AdvisedError } from '../lib/cli/failure.ts';
import { showOclifHelp } from '../lib/cli/oclif-config.ts';
import { formatExplanation } from '../lib/cli/pretty/explanation.ts';
import { adviseOnWords } from '../lib/cli/suggestion.ts';

const flags = {};

/** `spirekit help`. */
export default class Help extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show what a command or a group of commands does, or what an error code means';
  static override readonly goFlags = flags;
  static override readonly usageName = 'help';
  static override readonly args = {
    command: { description: 'The words of a command or group, or a code such as SPK-1003' },
  };
  static override readonly examples = ['<%= config.bin %> help api fetch x509', '<%= config.bin %> help SPK-1020'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const words = context.args.join(' ');
    const { findExplanation } = await import('../lib/findings/explanations.ts');
    const explanation = findExplanation(words);
    if (explanation !== undefined) {
      context.io.stdout.write(formatExplanation(explanation));
      return;
    }
    if (/^spk-?\d+$/i.test(words)) {
      throw new AdvisedError(
        'not-found',
        `there is no code ${words.toUpperCase()}`,
        'Codes stand in errors and findings, as SPK-1003 does.',
      );
    }
    const commands = [...commandTable('spirekit').keys()];
    const isKnown = words === '' || commands.some((name) => `${name} `.startsWith(`${words} `));
    if (isKnown) return showOclifHelp(context.args, context.io.stdout);
    throw new AdvisedError('usage', `there is no command "${words}"`, adviseOnWords(words, commands));
  }
}
