import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { applyFlags, planAndApply } from '../../lib/cli/entry-apply.ts';
import { desiredFromFiles } from '../../lib/cli/entry-plan.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = { ...serverFlags, ...applyFlags } as const;

/** `spirekit entry undo` */
export default class EntryUndo extends BaseCommand<typeof flags> {
  static override readonly summary = 'Put entries back to how they were before a change';
  static override readonly description =
    'Reads a file that `--undo-file` of `entry apply`, `entry update` or `entry delete` wrote: what was removed comes back under its ID, what was changed gets its old fields, what was added goes. Asks first, as `entry apply` does.';
  static override readonly examples = ['<%= config.bin %> entry undo undo.json'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry undo';
  static override readonly args = { file: { description: 'The file', required: true } };

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const [file, ...more] = context.args;
    if (file === undefined || more.length > 0) throw new SpirekitError('usage', 'one undo file is needed');
    const desired = await desiredFromFiles({ ...context, flags: { f: [] } });
    await using rpc = await connectToServer(context);
    return await planAndApply(rpc, desired, context, { owner: '', prune: false });
  }
}
