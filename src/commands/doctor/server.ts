import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { doctorFlags, makeRound } from '../../lib/cli/doctor-command.ts';
import { serverSocketPath } from '../../lib/cli/doctor-sockets.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { serverSocketFlags } from '../../lib/cli/sockets.ts';

const flags = {
  ...serverSocketFlags,
  config: flag.string({ usage: "The server's configuration, if not the one that it was started with" }),
  ...doctorFlags,
} as const;

/** `spirekit doctor server` */
export default class DoctorServer extends BaseCommand<typeof flags> {
  static override readonly summary = 'Look for what is wrong with a server; changes nothing';
  static override readonly description =
    'Looks at its socket, health, configuration, keys and datastore on disk, authorities, agents, entries and federation. Run it where the server runs, as its user or root. Exits as `doctor` does.';
  static override readonly examples = [
    '<%= config.bin %> doctor server',
    '<%= config.bin %> doctor server --config conf/server/server.conf --output table',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'doctor server';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const socketPath = await serverSocketPath(context.flags, context);
    return makeRound({ server: { socketPath, configPath: context.flags.config || undefined } }, context);
  }
}
