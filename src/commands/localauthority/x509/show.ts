import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { awaitWithin } from '../../../lib/cli/error-context.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatX509Authorities } from '../../../lib/cli/pretty/local-authority.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../../lib/cli/server-connection.ts';
import { localAuthorityClient } from '../../../lib/client/local-authority-client.ts';

const flags = { ...serverFlags, output: flag.output({ nameField: '*.authority_id' }) } as const;

/** `localauthority x509 show` */
export default class LocalAuthorityX509Show extends BaseCommand<typeof flags> {
  static override readonly summary = "Show the server's CA keys: the one in use, the next and the previous";
  static override readonly examples = ['<%= config.bin %> localauthority x509 show'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'localauthority x509 show';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const response = await awaitWithin(
      'could not get X.509 authorities',
      localAuthorityClient(rpc).getX509AuthorityState({}, { signal: context.signal }),
    );
    await context.print({ pretty: () => formatX509Authorities(response), json: () => protoJson(response) });
    return 0;
  }
}
