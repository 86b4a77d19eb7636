import { join } from 'node:path';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatRfc3339 } from '../../lib/cli/go-time.ts';
import { holdingSignals } from '../../lib/cli/held-signals.ts';
import { formatMinted, mintedJson, mintedPem } from '../../lib/cli/pretty/minted-svid.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { isCapped, type MintedX509Svid, mintX509Svid } from '../../lib/cli/svid-minting.ts';
import { bundleClient } from '../../lib/client/bundle-client.ts';
import { svidClient } from '../../lib/client/svid-client.ts';
import { AtomicFiles } from '../../lib/runtime/atomic-file.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { SpiffeId } from '../../lib/spiffe/spiffe-id.ts';

const flags = {
  ...serverFlags,
  spiffeID: flag.string({ usage: 'SPIFFE ID of the X509-SVID' }),
  ttl: flag.duration({ usage: 'Lifetime of the X509-SVID; 0 for the default of the server' }),
  dns: flag.strings({ usage: 'DNS name for the X509-SVID; may be repeated' }),
  write: flag.string({ usage: 'Folder for svid.pem, key.pem and bundle.pem, which are then not printed' }),
  output: flag.output(),
} as const;

/** `x509 mint` */
export default class X509Mint extends BaseCommand<typeof flags> {
  static override readonly summary = 'Mint an X509-SVID, without an entry or an agent';
  static override readonly examples = [
    '<%= config.bin %> x509 mint --spiffe-id spiffe://example.org/admin --ttl 1h --write ./svid',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'x509 mint';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { spiffeID, ttl, dns, write } = context.flags;
    const { signal } = context;
    await using rpc = await connectToServer(context);
    if (spiffeID === '') throw new SpirekitError('usage', 'spiffeID must be specified');
    const wish = { id: SpiffeId.parse(spiffeID), dnsNames: dns, ttlNanoseconds: ttl };
    const minted = await mintX509Svid({ svid: svidClient(rpc), bundle: bundleClient(rpc) }, wish, { signal });
    if (isCapped(minted.expiresAtSeconds, context.clock.nowMs(), ttl)) {
      const expiry = formatRfc3339(minted.expiresAtSeconds);
      context.err(`X509-SVID lifetime was capped shorter than specified ttl; expires "${expiry}"`);
    }
    if (write === '') await context.print({ pretty: () => formatMinted(minted), json: () => mintedJson(minted) });
    else await writeFiles(write, minted, (line) => context.out(line));
    return 0;
  }
}

/** All three files change together or none does; SPIRE writes one after the other. */
async function writeFiles(folder: string, minted: MintedX509Svid, say: (line: string) => void): Promise<void> {
  const pem = mintedPem(minted);
  const paths = { svid: join(folder, 'svid.pem'), key: join(folder, 'key.pem'), bundle: join(folder, 'bundle.pem') };
  await holdingSignals(async (signal) => {
    await using files = new AtomicFiles();
    await awaitWithin('unable to write SVID', files.stage(paths.svid, pem.chain, { mode: 0o644 }));
    await awaitWithin('unable to write key', files.stage(paths.key, pem.privateKey, { mode: 0o600 }));
    await awaitWithin('unable to write bundle', files.stage(paths.bundle, pem.roots, { mode: 0o644 }));
    signal.throwIfAborted();
    await files.commit();
  });
  say(`X509-SVID written to ${paths.svid}`);
  say(`Private key written to ${paths.key}`);
  say(`Root CAs written to ${paths.bundle}`);
}
