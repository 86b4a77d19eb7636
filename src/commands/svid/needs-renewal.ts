import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import {
  documentFormat,
  inspectFlags,
  judgedAtMs,
  loadTypedSource,
  onlyArgument,
} from '../../lib/cli/inspect-flags.ts';
import { lifetimeJson } from '../../lib/cli/inspect-json.ts';
import { escapeControls } from '../../lib/cli/terminal-text.ts';
import { lifeInWords, utc } from '../../lib/inspect/lifetime.ts';
import { parseRenewalThreshold } from '../../lib/inspect/renewal.ts';
import { renewalsOf, worstRenewal } from '../../lib/inspect/renewals.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';

const flags = {
  ...inspectFlags,
  expiresIn: flag.string({
    usage: 'Renew once this share of its life is used (66%), or once less than this time is left (10m)',
    default: '66%',
  }),
  quiet: flag.bool({ usage: 'Print nothing: the exit code says it' }),
} as const;

/** `svid needs-renewal` */
export default class SvidNeedsRenewal extends BaseCommand<typeof flags> {
  static override readonly summary = 'Say by the exit code whether an SVID has to be renewed';
  static override readonly description =
    'Exits 0 if no SVID in the source needs it, 10 if one does, 9 if one has expired or cannot be read. Other than step, whose `needs-renewal` exits 0 when there is something to do and 1 when not, a script that stops on errors goes on while all is well.';
  static override readonly examples = [
    '<%= config.bin %> svid needs-renewal svid.0.pem --expires-in 66% || systemctl reload web',
    '<%= config.bin %> svid needs-renewal /run/identity --expires-in 10m --quiet',
  ];
  static override readonly args = { source: { description: 'What to look at' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'svid needs-renewal';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const source = onlyArgument(context.args, 'source');
    const nowMs = judgedAtMs(context);
    const threshold = parseRenewalThreshold(context.flags.expiresIn);
    const format = documentFormat(context.flags.format);
    const renewals = renewalsOf(await loadTypedSource(source, { purpose: 'svid', format }, context), threshold, nowMs);
    const worst = worstRenewal(source, renewals);
    if (!context.flags.quiet) {
      await context.print({
        pretty: () =>
          renewals
            .map(({ name, state, lifetime, reason }) => {
              const words = lifetime === undefined ? reason : lifeInWords(lifetime, nowMs);
              return `${escapeControls(`${STATES[state]}: ${name} ${words}`)}\n`;
            })
            .join(''),
        json: () => ({
          schema: 'svid-renewal/v1',
          at: utc(nowMs),
          state: worst,
          svids: renewals.map(({ name, state, lifetime, reason }) => ({
            name,
            state,
            ...(lifetime === undefined ? { reason } : { lifetime: lifetimeJson(lifetime, nowMs) }),
          })),
        }),
      });
    }
    return {
      fresh: EXIT_CODES.ok,
      due: EXIT_CODES.wouldChange,
      expired: EXIT_CODES.invalid,
      unreadable: EXIT_CODES.invalid,
    }[worst];
  }
}

const STATES = { fresh: 'not needed', due: 'needed', expired: 'expired', unreadable: 'unreadable' } as const;
