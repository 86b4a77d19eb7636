import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { configFlags } from '../../lib/cli/config-flags.ts';
import { narrowUmask, openDaemonLog, refuseDebugger, reopenOnSignal } from '../../lib/cli/daemon-process.ts';
import { readPackageInfo } from '../../lib/cli/package-info.ts';
import { ConfigError } from '../../lib/config/config-error.ts';
import { formatNotices } from '../../lib/config/format-notices.ts';
import { loadServerConfig } from '../../lib/config/server/load-server-config.ts';
import type { ServerConfig } from '../../lib/config/server/server-config.ts';
import { SERVER_FLAGS } from '../../lib/config/server/server-flags.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import type { DaemonLogger } from '../../lib/runtime/logger.ts';

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
    refuseDebugger();
    const config = await loadConfig(context);
    using log = openDaemonLog(config, context.clock);
    for (const { level, message, fields } of config.notices) log.log(level, message, fields);
    if (config.notYetEffective.length > 0) {
      log.warn('Some configured keys have no effect yet', { keys: config.notYetEffective.join(',') });
    }
    narrowUmask(log);
    context.abortOn('SIGINT', 'SIGTERM');
    using _reopening = reopenOnSignal(log);
    try {
      await runServer(config, log, context);
      log.info('Server stopped gracefully');
      return 0;
    } catch (error) {
      log.error('Fatal run error', { error });
      log.error('Server crashed', { error });
      return context.exitCode(SpirekitError.from(error).code);
    }
  }
}

async function runServer(
  config: ServerConfig,
  log: DaemonLogger,
  { clock, signal }: CommandContext<typeof flags>,
): Promise<void> {
  const { Server } = await import('../../lib/server/server.ts');
  const version = `spirekit-${readPackageInfo().version}`;
  try {
    await using _server = await Server.open(config, { clock, log, version, signal });
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } catch (error) {
    // Told to stop while starting up.
    if (!signal.aborted) throw error;
  }
}

/** What was found out before a configuration turned out to be wrong goes to its log, as SPIRE's server does it. */
async function loadConfig(context: CommandContext<typeof flags>): Promise<ServerConfig> {
  const { env, signal, clock } = context;
  try {
    return await loadServerConfig({ flags: context.flags, env, cwd: process.cwd(), signal });
  } catch (error) {
    if (error instanceof ConfigError) {
      context.io.stdout.write(formatNotices(error.notices, error.logSettings, clock.nowMs()));
    }
    throw error;
  }
}
