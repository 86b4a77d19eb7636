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
  output: flag.output({ nameField: 'tainted_authority.authority_id' }),
} as const;

/** `localauthority jwt taint` */
export default class LocalAuthorityJwtTaint extends BaseCommand<typeof flags> {
  static override readonly summary = 'Have every JWT-SVID that the old key signed replaced';
  static override readonly examples = ['<%= config.bin %> localauthority jwt taint --authority-id 5b1d0f9a2c'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'localauthority jwt taint';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const authorityId = requireAuthorityId(context.flags.authorityID);
    const response = await awaitWithin(
      'could not taint JWT authority',
      localAuthorityClient(rpc).taintJWTAuthority({ authorityId }, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatJwtStep('tainted', response.taintedAuthority),
      json: () => protoJson(response),
    });
    return 0;
  }
}
