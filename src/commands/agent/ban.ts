import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { parseRequiredIdFlag } from '../../lib/cli/id-flag.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { agentClient } from '../../lib/client/agent-client.ts';

const flags = {
  ...serverFlags,
  spiffeID: flag.string({ usage: 'SPIFFE ID of the agent' }),
  output: flag.output(),
} as const;

/** `agent ban` */
export default class AgentBan extends BaseCommand<typeof flags> {
  static override readonly summary = 'Ban an agent: it can neither use its SVID nor attest again';
  static override readonly examples = [
    '<%= config.bin %> agent ban --spiffe-id spiffe://example.org/spire/agent/x509pop/3f2a',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'agent ban';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const id = parseRequiredIdFlag(context.flags.spiffeID);
    const response = await agentClient(rpc).banAgent({ id }, { signal: context.signal });
    await context.print({ pretty: () => 'Agent banned successfully\n', json: () => protoJson(response) });
    return 0;
  }
}
