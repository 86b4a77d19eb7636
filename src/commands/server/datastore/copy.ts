import { userInfo } from 'node:os';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { describeDatastoreCopy } from '../../../lib/cli/pretty/datastore-copy.ts';
import { ProgressLine } from '../../../lib/cli/progress-line.ts';
import { loadServerConfig } from '../../../lib/config/server/load-server-config.ts';
import type { ServerConfig } from '../../../lib/config/server/server-config.ts';
import { SpirekitError } from '../../../lib/runtime/errors.ts';

const flags = {
  config: flag.string({
    usage: 'Configuration file that names the new datastore; conf/server/server.conf if none is named',
  }),
  fromConfig: flag.string({ usage: 'Configuration file that names the datastore to copy from' }),
  expandEnv: flag.bool({ usage: 'Replace $VARIABLES of the environment in both files' }),
  dryRun: flag.bool({ usage: 'Only say what would be copied' }),
  output: flag.output(),
} as const;

/** `spirekit server datastore copy` */
export default class ServerDatastoreCopy extends BaseCommand<typeof flags> {
  static override readonly summary = 'Copy the datastore of a stopped server into another one';
  static override readonly description =
    'Copies all that a server remembers into an empty datastore, such as from SQLite to PostgreSQL, so that with the same keys it goes on as the same server; agents do not notice. All of it is copied or nothing, and compared row by row. No server may run on either; the original is left as it is.';
  static override readonly examples = [
    '<%= config.bin %> server datastore copy --from-config sqlite.conf --config server.conf --dry-run',
    '<%= config.bin %> server datastore copy --from-config sqlite.conf --config server.conf',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'server datastore copy';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { config, fromConfig, dryRun } = context.flags;
    const { env, signal } = context;
    if (fromConfig === '') throw new SpirekitError('usage', 'a flag -fromConfig is required');
    const { copyDatastore } = await import('../../../lib/server/copy-datastore.ts');
    const { systemClock } = await import('../../../lib/runtime/clock.ts');
    using progress = new ProgressLine(context, undefined, 'rows');
    const report = await copyDatastore({
      from: await load(fromConfig, context),
      to: await load(config, context),
      dryRun,
      surroundings: { environment: env, userName: () => userInfo().username },
      clock: systemClock,
      signal,
      onProgress: (done, total) => progress.show(done, total),
    });
    const copy = { ...report, dryRun };
    const json = () => ({ schema: 'datastore-copy/v1', ...report, dry_run: dryRun });
    await context.print({ pretty: () => describeDatastoreCopy(copy), json });
    return 0;
  }
}

function load(
  path: string,
  { env, signal, flags }: CommandContext<typeof ServerDatastoreCopy.goFlags>,
): Promise<ServerConfig> {
  const none = {
    bindAddress: '',
    dataDir: '',
    logFile: '',
    logFormat: '',
    logLevel: '',
    socketPath: '',
    trustDomain: '',
  };
  return loadServerConfig({
    flags: { ...none, config: path, expandEnv: flags.expandEnv, logSourceLocation: false, serverPort: 0 },
    env,
    cwd: process.cwd(),
    signal,
  });
}
