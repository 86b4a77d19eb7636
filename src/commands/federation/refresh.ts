import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { type TrustDomainClient, trustDomainClient } from '../../lib/client/trust-domain-client.ts';
import { RpcCode, RpcError, rpcCodeName } from '../../lib/rpc/status.ts';
import { prefixed, SpirekitError } from '../../lib/runtime/errors.ts';
import { goQuote } from '../../lib/runtime/go-quote.ts';

const flags = {
  ...serverFlags,
  id: flag.string({ usage: 'Name or SPIFFE ID of the trust domain' }),
  output: flag.output(),
} as const;

/** `federation refresh` */
export default class FederationRefresh extends BaseCommand<typeof flags> {
  static override readonly summary = 'Fetch the bundle of a federated trust domain now';
  static override readonly examples = ['<%= config.bin %> federation refresh --id far.example'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation refresh';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const { id } = context.flags;
    if (id === '') throw new SpirekitError('usage', 'id is required');
    await refreshBundle(trustDomainClient(rpc), id, context.signal);
    // The answer has nothing in it; SPIRE prints a status in its place.
    await context.print({
      pretty: () => 'Bundle refreshed\n',
      json: () => protoJson({ code: RpcCode.ok, message: rpcCodeName(RpcCode.ok) }),
    });
    return 0;
  }
}

async function refreshBundle(client: TrustDomainClient, trustDomain: string, signal: AbortSignal): Promise<void> {
  try {
    await client.refreshBundle({ trustDomain }, { signal });
  } catch (error) {
    if (error instanceof RpcError && error.status === RpcCode.notFound) {
      const text = `there is no federation relationship with trust domain ${goQuote(trustDomain)}`;
      throw new SpirekitError('not-found', text, { cause: error });
    }
    throw prefixed('failed to refresh bundle', error);
  }
}
