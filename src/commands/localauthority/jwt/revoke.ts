import { requireAuthorityId } from '../../../lib/cli/authority-flags.ts';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { awaitWithin } from '../../../lib/cli/error-context.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatJwtStep } from '../../../lib/cli/pretty/local-authority.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../../lib/cli/server-connection.ts';
import { localAuthorityClient } from '../../../lib/client/local-authority-client.ts';

const flags = {
  ...serverFlags,
  authorityID: flag.string({ usage: 'ID of the old JWT authority' }),
  output: flag.output({ nameField: 'revoked_authority.authority_id' }),
} as const;

/** `localauthority jwt revoke` */
export default class LocalAuthorityJwtRevoke extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Take the old key out of the trust bundle: the JWT-SVIDs it signed are not trusted any more';
  static override readonly examples = ['<%= config.bin %> localauthority jwt revoke --authority-id 5b1d0f9a2c'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'localauthority jwt revoke';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const authorityId = requireAuthorityId(context.flags.authorityID);
    const response = await awaitWithin(
      'could not revoke JWT authority',
      localAuthorityClient(rpc).revokeJWTAuthority({ authorityId }, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatJwtStep('revoked', response.revokedAuthority),
      json: () => protoJson(response),
    });
    return 0;
  }
}
