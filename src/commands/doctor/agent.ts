import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { doctorFlags, makeRound } from '../../lib/cli/doctor-command.ts';
import { agentSocketPath } from '../../lib/cli/doctor-sockets.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { agentSocketFlags } from '../../lib/cli/sockets.ts';

const flags = {
  ...agentSocketFlags,
  adminSocketPath: flag.string({ usage: "The agent's admin socket, if not the one that its configuration names" }),
  config: flag.string({ usage: "The agent's configuration, if not the one that it was started with" }),
  ...doctorFlags,
} as const;

/** `spirekit doctor agent` */
export default class DoctorAgent extends BaseCommand<typeof flags> {
  static override readonly summary = 'Look for what is wrong with an agent; changes nothing';
  static override readonly description =
    'Looks at its sockets, health, configuration, keys and SVID on disk, last sync, clock and the way to its server. What belongs to the agent alone is looked at only by its user or root. Exits as `doctor` does.';
  static override readonly examples = [
    '<%= config.bin %> doctor agent',
    '<%= config.bin %> doctor agent --socket-path /run/spire/sockets/agent.sock --json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'doctor agent';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { config, adminSocketPath } = context.flags;
    const agent = {
      socketPath: await agentSocketPath(context.flags, context),
      adminSocketPath: adminSocketPath || undefined,
      configPath: config || undefined,
    };
    return makeRound({ agent }, context);
  }
}
