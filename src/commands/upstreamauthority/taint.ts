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

/** `upstreamauthority taint` */
export default class UpstreamAuthorityTaint extends BaseCommand<typeof flags> {
  static override readonly summary = 'Have every X509-SVID below an old upstream authority replaced';
  static override readonly examples = ['<%= config.bin %> upstreamauthority taint --subject-key-id 5b1d0f9a2c'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'upstreamauthority taint';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const subjectKeyId = requireSubjectKeyId(context.flags.subjectKeyID);
    const response = await awaitWithin(
      'could not taint X.509 upstream authority',
      localAuthorityClient(rpc).taintX509UpstreamAuthority({ subjectKeyId }, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatUpstreamStep('tainted', response.upstreamAuthoritySubjectKeyId),
      json: () => protoJson(response),
    });
    return 0;
  }
}
