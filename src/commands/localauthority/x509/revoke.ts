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
  output: flag.output({ nameField: 'revoked_authority.authority_id' }),
} as const;

/** `localauthority x509 revoke` */
export default class LocalAuthorityX509Revoke extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Take the old CA key out of the trust bundle: what it signed is not trusted any more';
  static override readonly examples = ['<%= config.bin %> localauthority x509 revoke --authority-id 5b1d0f9a2c'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'localauthority x509 revoke';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const authorityId = requireAuthorityId(context.flags.authorityID);
    const response = await awaitWithin(
      'could not revoke X.509 authority',
      localAuthorityClient(rpc).revokeX509Authority({ authorityId }, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatX509Step('revoked', response.revokedAuthority),
      json: () => protoJson(response),
    });
    return 0;
  }
}
