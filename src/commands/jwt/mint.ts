import { normalize } from 'node:path';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatRfc3339 } from '../../lib/cli/go-time.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { isCapped, mintJwtSvid } from '../../lib/cli/svid-minting.ts';
import { tokenExpirySeconds } from '../../lib/cli/token-expiry.ts';
import { svidClient } from '../../lib/client/svid-client.ts';
import { writeFileAtomic } from '../../lib/runtime/atomic-file.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { SpiffeId } from '../../lib/spiffe/spiffe-id.ts';

const flags = {
  ...serverFlags,
  spiffeID: flag.string({ usage: 'SPIFFE ID of the JWT-SVID' }),
  ttl: flag.duration({ usage: 'Lifetime of the JWT-SVID; 0 for the default of the server' }),
  audience: flag.strings({ usage: 'Whom the JWT-SVID is for; may be repeated' }),
  write: flag.string({ usage: 'File for the token, which is then not printed' }),
  output: flag.output(),
} as const;

/** `jwt mint` */
export default class JwtMint extends BaseCommand<typeof flags> {
  static override readonly summary = 'Mint a JWT-SVID, without an entry or an agent';
  static override readonly examples = [
    '<%= config.bin %> jwt mint --spiffe-id spiffe://example.org/admin --audience vault',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'jwt mint';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { spiffeID, audience, ttl, write } = context.flags;
    await using rpc = await connectToServer(context);
    if (spiffeID === '') throw new SpirekitError('usage', 'spiffeID must be specified');
    if (audience.length === 0) throw new SpirekitError('usage', 'at least one audience must be specified');
    const wish = { id: SpiffeId.parse(spiffeID), audience, ttlNanoseconds: ttl };
    const { response, token } = await mintJwtSvid(svidClient(rpc), wish, { signal: context.signal });
    warnIfCapped(token, context);
    if (write === '') {
      await context.print({ pretty: () => `${token}\n`, json: () => protoJson(response) });
      return 0;
    }
    const path = normalize(write);
    await awaitWithin('unable to write token', writeFileAtomic(path, token, { mode: 0o600 }));
    context.out(`JWT-SVID written to ${path}`);
    return 0;
  }
}

function warnIfCapped(token: string, context: CommandContext<typeof flags>): void {
  let expiry: bigint;
  try {
    expiry = tokenExpirySeconds(token);
  } catch (error) {
    context.err(`Unable to determine JWT-SVID lifetime: ${SpirekitError.from(error).message}`);
    return;
  }
  if (isCapped(expiry, context.clock.nowMs(), context.flags.ttl)) {
    context.err(`JWT-SVID lifetime was capped shorter than specified ttl; expires "${formatRfc3339(expiry)}"`);
  }
}
