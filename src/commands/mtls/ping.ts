import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { onlyArgument } from '../../lib/cli/inspect-flags.ts';
import { chosenIdentity, expectFlags, meantPeers, mtlsIdentityFlags } from '../../lib/cli/mtls-flags.ts';
import { formatPing, pingJson } from '../../lib/cli/pretty/mtls.ts';
import { findHostAndPort } from '../../lib/inspect/source.ts';
import { type PingReport, ping } from '../../lib/mtls/ping.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/runtime/exit-codes.ts';
import { nanosecondsToMs } from '../../lib/runtime/go-duration.ts';

const flags = {
  ...mtlsIdentityFlags,
  ...expectFlags,
  alpn: flag.commaStrings({ usage: 'Protocols to offer by ALPN, comma separated, such as h2' }),
  timeout: flag.durationValue({ usage: 'How long the Workload API and the peer may take', default: 5_000_000_000n }),
  output: flag.output(),
} as const;

/** `mtls ping` */
export default class MtlsPing extends BaseCommand<typeof flags> {
  static override readonly summary = 'Shake hands with a peer by mutual TLS, and explain who accepts whom and why not';
  static override readonly description =
    'Sends nothing but the handshake. Exits 0 if both sides accept each other, 9 if we do not accept the peer or it speaks no TLS, 5 if it does not accept us, 3 if it cannot be reached, 124 if it does not answer in time.';
  static override readonly examples = [
    '<%= config.bin %> mtls ping db.example.org:8443 --expect spiffe://example.org/db',
    '<%= config.bin %> mtls ping 127.0.0.1:8443 --identity /run/identity --expect-trust-domain far.example',
  ];
  static override readonly args = { address: { description: 'HOST:PORT of the peer' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'mtls ping';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const address = onlyArgument(context.args, 'address');
    const { alpn, timeout, expect, expectTrustDomain } = context.flags;
    const peer = findHostAndPort(address);
    if (peer === undefined) throw new SpirekitError('usage', `${JSON.stringify(address)} is not HOST:PORT`);
    const rule = meantPeers(expect, expectTrustDomain);
    context.abortOn('SIGINT', 'SIGTERM');
    const { identity } = await chosenIdentity(context);
    const report = await ping({
      ...peer,
      identity,
      rule,
      ...(alpn.length === 0 ? {} : { alpn }),
      clock: context.clock,
      signal: context.signal,
      timeoutMs: nanosecondsToMs(timeout),
    });
    await context.print({ pretty: () => formatPing(report), json: () => pingJson(report) });
    return EXITS[report.outcome];
  }
}

const EXITS: Readonly<Record<PingReport['outcome'], ExitCode>> = {
  good: EXIT_CODES.ok,
  unreachable: EXIT_CODES.unreachable,
  timeout: EXIT_CODES.timeout,
  'no-tls': EXIT_CODES.invalid,
  'peer-refused': EXIT_CODES.invalid,
  'refused-by-peer': EXIT_CODES.permission,
};
