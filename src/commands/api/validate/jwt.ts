import { chooseAgentTarget } from '../../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { AdvisedError } from '../../../lib/cli/failure.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatValidatedJwt } from '../../../lib/cli/pretty/jwt-svid.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { askWithPatience, callOptions, workloadFlags } from '../../../lib/cli/workload-command.ts';
import { RpcCode, RpcError } from '../../../lib/rpc/status.ts';
import { prefixed, SpirekitError } from '../../../lib/runtime/errors.ts';
import { WorkloadApiClient } from '../../../lib/workloadapi/client.ts';

const flags = {
  ...workloadFlags,
  audience: flag.string({ usage: 'The audience the token must be for' }),
  svid: flag.string({ usage: 'The token' }),
  output: flag.output({ nameField: 'spiffe_id' }),
};

/** `spire-agent api validate jwt`. */
export default class ApiValidateJwt extends BaseCommand<typeof flags> {
  static override readonly summary = 'Ask the Workload API whether a JWT-SVID is valid';
  static override readonly goFlags = flags;
  static override readonly usageName = 'validate jwt';
  static override readonly printsFlagErrorTwice = true;
  static override readonly examples = ['<%= config.bin %> api validate jwt --audience database --svid eyJ...'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { audience, svid } = context.flags;
    const target = await chooseAgentTarget(context.flags, context);
    if (audience === '') {
      throw new AdvisedError('usage', 'audience must be specified', 'Say whom the token must be for: --audience NAME.');
    }
    if (svid === '') throw new AdvisedError('usage', 'svid must be specified', 'Give the token itself: --svid TOKEN.');
    await using client = new WorkloadApiClient(target);
    const validate = () => client.validateJwtSvid({ audience, svid }, callOptions(context));
    const response = await askWithPatience(context, 'the agent', validate).catch(rethrow);
    await context.print({
      pretty: () => formatValidatedJwt(response),
      json: () => protoJson(response, { structs: ['claims'] }),
    });
  }
}

function rethrow(error: unknown): never {
  if (error instanceof RpcError && error.status === RpcCode.invalidArgument) {
    throw new SpirekitError('invalid-jwt-svid', `SVID is not valid: ${error.description}`, { cause: error });
  }
  throw prefixed('unable to validate JWT SVID', error);
}
