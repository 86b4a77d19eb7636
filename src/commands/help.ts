import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { showOclifHelp } from '../lib/cli/oclif-config.ts';

const flags = {};

/** `spirekit help`. */
export default class Help extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show what a command or a group of commands does';
  static override readonly goFlags = flags;
  static override readonly usageName = 'help';
  static override readonly args = { command: { description: 'The words of a command or group' } };
  static override readonly examples = ['<%= config.bin %> help api fetch x509'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    await showOclifHelp(context.args);
  }
}
