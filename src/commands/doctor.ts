import { existsSync } from 'node:fs';
import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { doctorFlags, makeRound } from '../lib/cli/doctor-command.ts';
import { agentSocketPath, serverSocketPath } from '../lib/cli/doctor-sockets.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { DEFAULT_AGENT_SOCKET, DEFAULT_SERVER_SOCKET, type SocketChoice } from '../lib/cli/sockets.ts';

const flags = {
  agentSocket: flag.string({ usage: "The agent's API socket", default: DEFAULT_AGENT_SOCKET }),
  agentConfig: flag.string({ usage: "The agent's configuration, if not the one that it was started with" }),
  serverSocket: flag.string({ usage: "The server's API socket", default: DEFAULT_SERVER_SOCKET }),
  serverConfig: flag.string({ usage: "The server's configuration, if not the one that it was started with" }),
  context: flag.string({ usage: 'The context to go by (`context list`), if not the current one' }),
  ...doctorFlags,
} as const;

/** `spirekit doctor` */
export default class Doctor extends BaseCommand<typeof flags> {
  static override readonly summary = 'Look for what is wrong with the agent and the server here; changes nothing';
  static override readonly description =
    'Looks at sockets, health, configuration, state on disk, clocks, the way to the server, entries, bundles and limits, of SPIRE and of spirekit alike. Both programs are looked at, or the one that has a socket here. Exits 9 with an error among the findings, 10 with nothing worse than a warning, else 0.';
  static override readonly examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --json | jq -r ".findings[].code"',
    '<%= config.bin %> doctor agent --config /etc/spire/agent.conf',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'doctor';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { given } = context;
    const { agentSocket, serverSocket, agentConfig, serverConfig, context: contextName } = context.flags;
    const choose = (socketPath: string): SocketChoice => ({ socketPath, instance: '', context: contextName });
    const agentPath = await agentSocketPath(choose(agentSocket), { ...context, given: named('agentSocket', given) });
    const serverPath = await serverSocketPath(choose(serverSocket), {
      ...context,
      given: named('serverSocket', given),
    });
    const wanted = {
      agent: given.has('agentSocket') || given.has('agentConfig') || existsSync(agentPath),
      server: given.has('serverSocket') || given.has('serverConfig') || existsSync(serverPath),
    };
    const isNeither = !wanted.agent && !wanted.server;
    return makeRound(
      {
        machine: true,
        agent: wanted.agent || isNeither ? { socketPath: agentPath, configPath: agentConfig || undefined } : undefined,
        server:
          wanted.server || isNeither ? { socketPath: serverPath, configPath: serverConfig || undefined } : undefined,
      },
      context,
    );
  }
}

/** As the search for sockets knows the flag. */
function named(flagName: string, given: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(given.has(flagName) ? ['socketPath'] : []);
}
