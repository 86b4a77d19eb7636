import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import {
  documentFormat,
  givenTrustDomain,
  inspectFlags,
  judgedAtMs,
  loadTypedSource,
  onlyArgument,
  trustDomainFlag,
  typedSpiffeId,
} from '../../lib/cli/inspect-flags.ts';
import { svidVerificationJson } from '../../lib/cli/inspect-json.ts';
import { formatSvidVerdicts } from '../../lib/cli/pretty/svid-verification.ts';
import { keyPairVerdict, verdictsOn } from '../../lib/cli/svid-verifying.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';

const flags = {
  ...inspectFlags,
  ...trustDomainFlag,
  bundle: flag.strings({
    usage:
      'Where the bundle is: a file, https URL, Workload API or server:, as TRUST-DOMAIN=SOURCE if it does not name its own; may be given more than once',
  }),
  audience: flag.commaStrings({
    usage: 'For a JWT-SVID: who it has to be for; one of several, comma separated, suffices',
  }),
  expect: flag.string({ usage: 'The SPIFFE ID that it has to be of' }),
  key: flag.string({ usage: 'PEM file with the private key: checks with --form-only that it is the one of the leaf' }),
  formOnly: flag.bool({ usage: 'Check the form of an X509-SVID and its key alone: no signature, no time, no bundle' }),
} as const;

/** `svid verify` */
export default class SvidVerify extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Verify an X509-SVID or JWT-SVID against a bundle, offline, and cite the rule of each refusal';
  static override readonly description =
    'Exits 0 if every SVID in the source is good and 9 if one is refused. Whoever verifies is given the bundle; the one that an SVID brings along proves nothing, except in a folder or a Workload API, whose own bundles count without --bundle.';
  static override readonly examples = [
    '<%= config.bin %> svid verify svid.0.pem --bundle bundle.0.pem',
    '<%= config.bin %> svid verify /run/identity --expect spiffe://example.org/web',
    '<%= config.bin %> svid verify token.jwt --bundle https://example.org/bundle --audience reports',
    '<%= config.bin %> svid verify peer:8443 --bundle far.example=far.pem --at 2026-01-31T12:00:00Z',
  ];
  static override readonly args = { source: { description: 'What to verify' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'svid verify';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const source = onlyArgument(context.args, 'source');
    const { flags: given } = context;
    const nowMs = judgedAtMs(context);
    const expected = context.given.has('expect') ? typedSpiffeId(given.expect) : undefined;
    const trustDomain = givenTrustDomain(context);
    const verdicts = given.formOnly
      ? [await keyPairVerdict(source, given.key, context)]
      : await verdictsOn(
          source,
          { bundles: given.bundle, audience: given.audience, expected, trustDomain, nowMs },
          {
            read: (text, options) => loadTypedSource(text, options, context),
            format: documentFormat(given.format),
          },
        );
    await context.print({
      pretty: () => formatSvidVerdicts(verdicts),
      json: () => svidVerificationJson(verdicts, nowMs),
    });
    return verdicts.every(({ isValid }) => isValid) ? EXIT_CODES.ok : EXIT_CODES.invalid;
  }
}
