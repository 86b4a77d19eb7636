import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { awaitWithin } from '../../../lib/cli/error-context.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatJwtStep } from '../../../lib/cli/pretty/local-authority.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../../lib/cli/server-connection.ts';
import { localAuthorityClient } from '../../../lib/client/local-authority-client.ts';

const flags = { ...serverFlags, output: flag.output({ nameField: 'prepared_authority.authority_id' }) } as const;

/** `localauthority jwt prepare` */
export default class LocalAuthorityJwtPrepare extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Make the next key for JWT-SVIDs and publish it in the trust bundle, without signing with it yet';
  static override readonly examples = ['<%= config.bin %> localauthority jwt prepare'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'localauthority jwt prepare';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const response = await awaitWithin(
      'could not prepare JWT authority',
      localAuthorityClient(rpc).prepareJWTAuthority({}, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatJwtStep('prepared', response.preparedAuthority),
      json: () => protoJson(response),
    });
    return 0;
  }
}
