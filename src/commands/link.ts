import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { linkDropIns } from '../lib/cli/drop-in-links.ts';
import { SpirekitError } from '../lib/runtime/errors.ts';

const flags = {};

/** `spirekit link`. */
export default class Link extends BaseCommand<typeof flags> {
  static override readonly summary = 'Put links to the drop-ins spire-agent and spire-server into a folder';
  static override readonly description =
    'An install puts only spirekit on the PATH, so that nobody finds a real SPIRE shadowed by surprise. Files that are there are never replaced.';
  static override readonly goFlags = flags;
  static override readonly usageName = 'link';
  static override readonly args = { folder: { description: 'Where the links go', required: true } };
  static override readonly examples = ['<%= config.bin %> link ~/.local/bin'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const [folder, ...more] = context.args;
    if (folder === undefined || more.length > 0) throw new SpirekitError('usage', 'one folder is needed');
    for (const link of await linkDropIns(folder)) {
      context.out(`${link.path} ${link.isNew ? 'now leads' : 'leads already'} to ${link.target}`);
    }
  }
}
