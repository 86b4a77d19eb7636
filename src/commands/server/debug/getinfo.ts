import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatServerInfo } from '../../../lib/cli/pretty/server-info.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { connectToLocalServer, serverFlags } from '../../../lib/cli/server-connection.ts';
import { debugClient } from '../../../lib/client/debug-client.ts';

const flags = { ...serverFlags, output: flag.output() } as const;

/** `spire-server debug getinfo` */
export default class ServerDebugGetinfo extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show what the server is made of: uptime, counts, its own SVID';
  static override readonly examples = ['<%= config.bin %> server debug getinfo'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'debug getinfo';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToLocalServer('what a server is made of', context);
    const info = await debugClient(rpc).getInfo({}, { signal: context.signal });
    await context.print({ pretty: () => formatServerInfo(info), json: () => protoJson(info) });
    return 0;
  }
}
