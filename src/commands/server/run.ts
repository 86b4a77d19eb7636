import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { configFlags } from '../../lib/cli/config-flags.ts';
import { type DaemonEnvironment, runDaemon } from '../../lib/cli/daemon-process.ts';
import { loadServerConfig } from '../../lib/config/server/load-server-config.ts';
import type { ServerConfig } from '../../lib/config/server/server-config.ts';
import { SERVER_FLAGS } from '../../lib/config/server/server-flags.ts';

const flags = configFlags(SERVER_FLAGS);

/** `spire-server run` */
export default class ServerRun extends BaseCommand<typeof flags> {
  static override readonly summary = 'Run the server';
  static override readonly description =
    'Keeps the registrations of a trust domain and signs its identities, until SIGINT or SIGTERM. The log goes to standard output unless the configuration names a file, which SIGUSR2 opens anew.';
  static override readonly examples = ['<%= config.bin %> server run --config conf/server/server.conf'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'run';
  static override readonly printsFlagErrorTwice = true;

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { flags, env, signal } = context;
    return await runDaemon(
      {
        load: () => loadServerConfig({ flags, env, cwd: process.cwd(), signal }),
        run: runServer,
        lastWords: { stopped: 'Server stopped gracefully', crashed: ['Fatal run error', 'Server crashed'] },
      },
      context,
    );
  }
}

async function runServer(config: ServerConfig, environment: DaemonEnvironment): Promise<void> {
  const { Server } = await import('../../lib/server/server.ts');
  const { signal } = environment;
  await using _server = await Server.open(config, environment);
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
