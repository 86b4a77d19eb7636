import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { printPlan } from '../../lib/cli/entry-apply.ts';
import { desiredFromFiles, planEntries, planExitCode, planFlags } from '../../lib/cli/entry-plan.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';

const flags = { ...serverFlags, ...planFlags, output: flag.output({ nameField: 'entry_id' }) } as const;

/** `spirekit entry plan` */
export default class EntryPlan extends BaseCommand<typeof flags> {
  static override readonly summary = 'Say what would make the server have the entries that files describe';
  static override readonly description =
    'Reads the JSON of `entry create -data`, JSON lines, YAML of the same and ClusterStaticEntry objects. Prints what would be added (+), changed (~) and removed (-), and which identities that takes from workloads. Exits with 0 if nothing would change and with 10 if something would.';
  static override readonly examples = [
    '<%= config.bin %> entry plan -f entries/',
    '<%= config.bin %> entry plan -f team-a.yaml --owner team-a. --prune --output json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry plan';
  static override readonly args = {
    files: { description: 'More files and folders, as a pattern of the shell gives them' },
  };

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const desired = await desiredFromFiles(context);
    await using rpc = await connectToServer(context);
    const shown = await planEntries(rpc, desired, context);
    await printPlan(context, shown);
    return planExitCode(shown.plan);
  }
}
