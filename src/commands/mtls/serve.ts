import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { chosenIdentity, meantPeers, mtlsIdentityFlags } from '../../lib/cli/mtls-flags.ts';
import { serveEcho } from '../../lib/cli/mtls-serving.ts';
import { findHostAndPort } from '../../lib/inspect/source.ts';
import { namesAnybody } from '../../lib/mtls/peer-rule.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = {
  ...mtlsIdentityFlags,
  allow: flag.strings({ usage: 'SPIFFE ID of a caller to let in; may be given more than once' }),
  allowTrustDomain: flag.strings({ usage: 'Let anybody of this trust domain in; may be given more than once' }),
  count: flag.int({ usage: 'End after so many callers; 0 for never' }),
  timeout: flag.durationValue({ usage: 'How long the Workload API may take', default: 5_000_000_000n }),
} as const;

/** `mtls serve` */
export default class MtlsServe extends BaseCommand<typeof flags> {
  static override readonly summary = 'Answer callers over mutual TLS with who they are and what they presented';
  static override readonly description =
    'For whoever debugs a client: HTTP/1.1, any path. A caller who is let in gets what it presented as JSON and status 200, one who is not gets the reasons and 403; stderr says the same of both. It listens on 127.0.0.1:8443 unless told otherwise, and with an identity of a Workload API it rotates.';
  static override readonly examples = [
    '<%= config.bin %> mtls serve --allow spiffe://example.org/web',
    '<%= config.bin %> mtls serve 0.0.0.0:8443 --allow-trust-domain example.org --identity /run/identity',
  ];
  static override readonly args = { address: { description: 'IP:PORT to listen on' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'mtls serve';

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const [address = '127.0.0.1:8443', ...others] = context.args;
    if (others.length > 0) throw new SpirekitError('usage', 'give one address only');
    const listen = /:0$/.test(address)
      ? { host: address.replace(/:0$/, '').replace(/^\[(.*)\]$/, '$1'), port: 0 }
      : findHostAndPort(address);
    if (listen === undefined) throw new SpirekitError('usage', `${JSON.stringify(address)} is not IP:PORT`);
    const rule = meantPeers(context.flags.allow, context.flags.allowTrustDomain);
    if (!namesAnybody(rule)) throw new SpirekitError('usage', 'say whom to let in by --allow or --allow-trust-domain');
    context.abortOn('SIGINT', 'SIGTERM');
    await serveEcho({ ...(await chosenIdentity(context)), listen, rule, count: context.flags.count }, context);
  }
}
