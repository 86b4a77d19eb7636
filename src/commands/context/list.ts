import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { ContextStore } from '../../lib/cli/contexts/context-store.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { contextJson, contextTable, formatContextList } from '../../lib/cli/pretty/context.ts';

const flags = { output: flag.output() };

/** `spirekit context list` */
export default class ContextList extends BaseCommand<typeof flags> {
  static override readonly summary = 'List the contexts: where agents and servers are, by name';
  static override readonly goFlags = flags;
  static override readonly usageName = 'context list';
  static override readonly examples = ['<%= config.bin %> context list'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { contexts, current } = await new ContextStore(context.env).read();
    const named = [...contexts].map(([name, settings]) => ({ name, settings, isCurrent: name === current }));
    named.sort((a, b) => (a.name < b.name ? -1 : 1));
    await context.print({
      pretty: () => formatContextList(named),
      json: () => ({ schema: 'context-list/v1', contexts: named.map(contextJson) }),
      items: () => named.map(contextJson),
      ...(named.length === 0 ? {} : { table: () => contextTable(named) }),
    });
  }
}
