import { requireAuthorityId } from '../../../lib/cli/authority-flags.ts';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { awaitWithin } from '../../../lib/cli/error-context.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatX509Step } from '../../../lib/cli/pretty/local-authority.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../../lib/cli/server-connection.ts';
import { localAuthorityClient } from '../../../lib/client/local-authority-client.ts';

const flags = {
  ...serverFlags,
  authorityID: flag.string({ usage: 'ID of the old X.509 authority' }),
  output: flag.output({ nameField: 'tainted_authority.authority_id' }),
} as const;

/** `localauthority x509 taint` */
export default class LocalAuthorityX509Taint extends BaseCommand<typeof flags> {
  static override readonly summary = 'Have every X509-SVID that the old CA key signed replaced';
  static override readonly examples = ['<%= config.bin %> localauthority x509 taint --authority-id 5b1d0f9a2c'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'localauthority x509 taint';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const authorityId = requireAuthorityId(context.flags.authorityID);
    const response = await awaitWithin(
      'could not taint X.509 authority',
      localAuthorityClient(rpc).taintX509Authority({ authorityId }, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatX509Step('tainted', response.taintedAuthority),
      json: () => protoJson(response),
    });
    return 0;
  }
}
