import { chooseAgentTarget } from '../../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { AdvisedError } from '../../../lib/cli/failure.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { findOneTokenForm, getOneToken, oneTokenFlags, printedToken, withHint } from '../../../lib/cli/one-token.ts';
import { formatJwtSvids } from '../../../lib/cli/pretty/jwt-svid.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { askWithPatience, callOptions, workloadFlags } from '../../../lib/cli/workload-command.ts';
import { RpcError } from '../../../lib/rpc/status.ts';
import { prefixed } from '../../../lib/runtime/errors.ts';
import { SpiffeId } from '../../../lib/spiffe/spiffe-id.ts';
import { WorkloadApiClient } from '../../../lib/workloadapi/client.ts';

const flags = {
  ...workloadFlags,
  audience: flag.commaStrings({ usage: 'Audiences of the token, separated by commas' }),
  spiffeID: flag.string({ usage: 'The one identity that is wanted; without it every identity of the caller' }),
  hint: flag.string({ usage: 'Only identities with this hint', isExtension: true }),
  ...oneTokenFlags,
  output: flag.output({ nameField: 'svids.spiffe_id' }),
  format: flag.output({ aliasOf: 'output', usage: 'The old name of -output' }),
};

/** `spire-agent api fetch jwt`. */
export default class ApiFetchJwt extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Show JWT-SVIDs that the Workload API issues to the caller, and the keys to verify those of others';
  static override readonly goFlags = flags;
  static override readonly usageName = 'fetch jwt';
  static override readonly printsFlagErrorTwice = true;
  static override readonly examples = [
    '<%= config.bin %> api fetch jwt --audience database',
    '<%= config.bin %> api fetch jwt --audience vault --raw --wait 60s > token',
  ];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { audience, spiffeID, hint } = context.flags;
    const form = findOneTokenForm(context.flags, context.given);
    const target = await chooseAgentTarget(context.flags, context);
    if (audience.length === 0) {
      throw new AdvisedError('usage', 'audience must be specified', 'Say whom the token is for: --audience NAME.');
    }
    // The agent would refuse it without saying what it was.
    if (context.program === 'spirekit' && spiffeID !== '') SpiffeId.parse(spiffeID);
    await using client = new WorkloadApiClient(target);
    const fetchSvids = async () =>
      withHint(await client.fetchJwtSvid({ audience, spiffeId: spiffeID }, callOptions(context)), hint);
    if (form !== undefined) {
      const token = getOneToken(await askWithPatience(context, 'a JWT-SVID', fetchSvids));
      context.io.stdout.write(printedToken(token, form, context.io.stdout.isTTY === true));
      return;
    }
    const [bundles, svids] = await askWithPatience(context, 'a JWT-SVID', async () => [
      await client.fetchJwtBundles(callOptions(context)).catch(rethrow),
      await fetchSvids(),
    ]);
    await context.print({
      pretty: () => formatJwtSvids(svids, bundles),
      json: () => [protoJson(svids), protoJson(bundles, { maps: ['bundles'] })],
    });
  }
}

/** SPIRE puts words before what kept the stream from opening, and none before what came over it. */
function rethrow(error: unknown): never {
  const isOpening =
    error instanceof RpcError &&
    (error.description.startsWith('connection error: ') || error.description.endsWith('connections to become ready'));
  throw isOpening ? prefixed('failed to receive JWT bundles', error) : error;
}
