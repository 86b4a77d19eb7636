import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { applyFlags, planAndApply } from '../../lib/cli/entry-apply.ts';
import { desiredFromFiles, planFlags } from '../../lib/cli/entry-plan.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';

const flags = { ...serverFlags, ...planFlags, ...applyFlags } as const;

/** `spirekit entry apply` */
export default class EntryApply extends BaseCommand<typeof flags> {
  static override readonly summary = 'Make the server have the entries that files describe';
  static override readonly description =
    'Plans as `entry plan` does, then adds, changes and removes, in this order. Adding needs no confirmation; changing and removing does: on the terminal, or by --yes. Stopped at any moment, it can be run again.';
  static override readonly examples = [
    '<%= config.bin %> entry apply -f entries/ --yes',
    '<%= config.bin %> entry apply -f team-a.yaml --owner team-a. --prune --undo-file undo.json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry apply';
  static override readonly args = {
    files: { description: 'More files and folders, as a pattern of the shell gives them' },
  };

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const desired = await desiredFromFiles(context);
    await using rpc = await connectToServer(context);
    return await planAndApply(rpc, desired, context, context.flags);
  }
}
