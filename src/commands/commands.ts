import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { loadOclifConfig } from '../lib/cli/oclif-config.ts';

const flags = { json: flag.bool({ usage: 'The same as -output json' }), output: flag.output({ nameField: 'command' }) };

/** `spirekit commands`. */
export default class Commands extends BaseCommand<typeof flags> {
  static override readonly summary = 'List every command';
  static override readonly goFlags = flags;
  static override readonly usageName = 'commands';
  static override readonly examples = ['<%= config.bin %> commands --json'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const config = await loadOclifConfig();
    const commands = config.commands.map((command) => ({
      words: command.id.replaceAll(':', ' '),
      summary: command.summary ?? '',
      flags: Object.keys(command.flags).sort(),
    }));
    const items = () => commands.map(({ words, summary, flags: names }) => ({ command: words, flags: names, summary }));
    const json = () => ({ schema: 'commands/v1', commands: items() });
    if (context.flags.json) {
      context.out(JSON.stringify(json()));
      return;
    }
    await context.print({
      pretty: () => commands.map(({ words }) => `${words}\n`).join(''),
      json,
      items,
      table: () => ({
        head: ['command', 'what it does'],
        rows: commands.map(({ words, summary }) => [words, summary]),
        endsInProse: true,
      }),
    });
  }
}
