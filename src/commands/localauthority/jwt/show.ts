import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatJwtAuthorities } from '../../../lib/cli/pretty/local-authority.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../../lib/cli/server-connection.ts';
import { localAuthorityClient } from '../../../lib/client/local-authority-client.ts';

const flags = { ...serverFlags, output: flag.output({ nameField: '*.authority_id' }) } as const;

/** `localauthority jwt show` */
export default class LocalAuthorityJwtShow extends BaseCommand<typeof flags> {
  static override readonly summary = "Show the server's keys for JWT-SVIDs: the one in use, the next and the previous";
  static override readonly examples = ['<%= config.bin %> localauthority jwt show'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'localauthority jwt show';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    // SPIRE puts no words before what goes wrong here.
    const response = await localAuthorityClient(rpc).getJWTAuthorityState({}, { signal: context.signal });
    await context.print({ pretty: () => formatJwtAuthorities(response), json: () => protoJson(response) });
    return 0;
  }
}
