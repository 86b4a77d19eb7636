import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { within } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { parseIdFlag } from '../../lib/cli/id-flag.ts';
import { toInt32 } from '../../lib/cli/int32.ts';
import { formatJoinToken } from '../../lib/cli/pretty/token.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { agentClient } from '../../lib/client/agent-client.ts';

const flags = {
  ...serverFlags,
  ttl: flag.int({ usage: 'Seconds for which the token can be used', default: 600 }),
  spiffeID: flag.string({ usage: 'A SPIFFE ID that the agent gets beside the one of the token' }),
  output: flag.output({ nameField: 'value' }),
} as const;

/** `token generate` */
export default class TokenGenerate extends BaseCommand<typeof flags> {
  static override readonly summary = 'Generate a join token, with which one agent can attest once';
  static override readonly examples = [
    '<%= config.bin %> token generate --spiffe-id spiffe://example.org/host --ttl 60',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'generate';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { spiffeID } = context.flags;
    await using rpc = await connectToServer(context);
    const agentId = spiffeID === '' ? undefined : parseIdFlag(spiffeID);
    const ttl = within('invalid value for TTL', () => toInt32(context.flags.ttl));
    const request = { ttl, token: '', agentId };
    const token = await agentClient(rpc).createJoinToken(request, { signal: context.signal });
    await context.print({
      pretty: () => formatJoinToken(token, agentId !== undefined),
      json: () => protoJson(token),
    });
    return 0;
  }
}
