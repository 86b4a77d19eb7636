import { existsSync } from 'node:fs';
import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { doctorFlags, makeRound } from '../lib/cli/doctor-command.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { agentTarget, DEFAULT_AGENT_SOCKET, DEFAULT_SERVER_SOCKET, serverTarget } from '../lib/cli/sockets.ts';
import { SpirekitError } from '../lib/runtime/errors.ts';

const flags = {
  agentSocket: flag.string({ usage: "The agent's API socket", default: DEFAULT_AGENT_SOCKET }),
  agentConfig: flag.string({ usage: "The agent's configuration, if not the one that it was started with" }),
  serverSocket: flag.string({ usage: "The server's API socket", default: DEFAULT_SERVER_SOCKET }),
  serverConfig: flag.string({ usage: "The server's configuration, if not the one that it was started with" }),
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
    const { given, env, program } = context;
    const { agentSocket, serverSocket, agentConfig, serverConfig } = context.flags;
    const known = new Set(given.has('agentSocket') ? ['socketPath'] : []);
    const target = agentTarget({ socketPath: agentSocket, instance: '' }, { env, program, given: known });
    if (target.kind !== 'unix') {
      throw new SpirekitError('invalid-argument', 'doctor looks at unix sockets; the agent is at a TCP address');
    }
    const server = serverTarget({ socketPath: serverSocket, instance: '' }, env);
    const serverPath = server.kind === 'unix' ? server.path : serverSocket;
    const wanted = {
      agent: given.has('agentSocket') || given.has('agentConfig') || existsSync(target.path),
      server: given.has('serverSocket') || given.has('serverConfig') || existsSync(serverPath),
    };
    const isNeither = !wanted.agent && !wanted.server;
    return makeRound(
      {
        machine: true,
        agent:
          wanted.agent || isNeither ? { socketPath: target.path, configPath: agentConfig || undefined } : undefined,
        server:
          wanted.server || isNeither ? { socketPath: serverPath, configPath: serverConfig || undefined } : undefined,
      },
      context,
    );
  }
}
