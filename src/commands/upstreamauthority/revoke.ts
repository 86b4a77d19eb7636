import { requireSubjectKeyId } from '../../lib/cli/authority-flags.ts';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatUpstreamStep } from '../../lib/cli/pretty/local-authority.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { localAuthorityClient } from '../../lib/client/local-authority-client.ts';

const flags = {
  ...serverFlags,
  subjectKeyID: flag.string({ usage: "Subject Key Identifier of the upstream authority's CA certificate, in hex" }),
  output: flag.output(),
} as const;

/** `upstreamauthority revoke` */
export default class UpstreamAuthorityRevoke extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Take an old upstream authority out of the trust bundle: what lies below it is not trusted any more';
  static override readonly examples = ['<%= config.bin %> upstreamauthority revoke --subject-key-id 5b1d0f9a2c'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'upstreamauthority revoke';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const subjectKeyId = requireSubjectKeyId(context.flags.subjectKeyID);
    const response = await awaitWithin(
      'could not revoke X.509 upstream authority',
      localAuthorityClient(rpc).revokeX509UpstreamAuthority({ subjectKeyId }, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatUpstreamStep('revoked', response.upstreamAuthoritySubjectKeyId),
      json: () => protoJson(response),
    });
    return 0;
  }
}
