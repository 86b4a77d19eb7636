import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { desiredFromFiles, filesFlag } from '../../lib/cli/entry-plan.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatLint, lintJson, lintTable } from '../../lib/cli/pretty/entry-lint.ts';
import { findingsJson } from '../../lib/cli/pretty/findings.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { findCaLifeSeconds } from '../../lib/desiredentries/lint/ca-life.ts';
import { lintEntries } from '../../lib/desiredentries/lint/lint-entries.ts';
import { lintJunitText, lintSarifText } from '../../lib/desiredentries/lint/lint-reports.ts';
import type { LintedEntry, LintFacts } from '../../lib/desiredentries/lint/linted-entry.ts';
import { loadServerState } from '../../lib/desiredentries/server-state.ts';
import { worstSeverity } from '../../lib/findings/finding.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';

const flags = {
  ...serverFlags,
  ...filesFlag,
  withServer: flag.bool({ usage: 'Look at files together with the agents, entries and authorities of the server' }),
  strict: flag.bool({ usage: 'Exit with 9 for warnings too' }),
  report: flag.string({ usage: 'Print another report: junit or sarif' }),
  output: flag.output(),
} as const;

/** `spirekit entry lint` */
export default class EntryLint extends BaseCommand<typeof flags> {
  static override readonly summary = 'Look for what is wrong or odd with entries, of files or of the server';
  static override readonly description =
    'Finds duplicates, workloads that get several identities, parents that lead to no agent, selectors that nothing gives, lifetimes that the CA cannot give, and power for too many. Without files it looks at the server. Exits with 9 if there is an error. `spirekit help SPK-nnnn` explains a finding.';
  static override readonly examples = [
    '<%= config.bin %> entry lint',
    '<%= config.bin %> entry lint -f entries/ --strict --report sarif',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry lint';
  static override readonly args = {
    files: { description: 'More files and folders, as a pattern of the shell gives them' },
  };

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { report, strict } = context.flags;
    if (!['', 'junit', 'sarif'].includes(report)) {
      throw new SpirekitError('usage', `-report is junit or sarif, not ${JSON.stringify(report)}`);
    }
    const { entries, facts } = await gather(context);
    const findings = lintEntries(entries, facts);
    if (report === 'junit') context.io.stdout.write(lintJunitText(findings));
    else if (report === 'sarif') context.io.stdout.write(lintSarifText(findings, entries));
    else {
      await context.print({
        pretty: () => formatLint(findings, entries.length),
        json: () => lintJson(findings, entries.length),
        items: () => findingsJson(findings),
        ...(context.flags.output === 'table' ? { table: () => lintTable(findings) } : {}),
      });
    }
    const worst = worstSeverity(findings);
    return worst === 'error' || (strict && worst === 'warning') ? EXIT_CODES.invalid : EXIT_CODES.ok;
  }
}

interface Gathered {
  readonly entries: readonly LintedEntry[];
  readonly facts: LintFacts;
}

async function gather(context: CommandContext<typeof flags>): Promise<Gathered> {
  const { flags: given, args, signal, clock } = context;
  const nowSeconds = clock.nowMs() / 1000;
  const hasFiles = given.f.length + args.length > 0;
  const files = hasFiles ? (await desiredFromFiles(context)).entries : undefined;
  if (files !== undefined && !given.withServer) {
    return { entries: files, facts: { agents: undefined, others: [], caLifeSeconds: undefined, nowSeconds } };
  }
  await using rpc = await connectToServer(context);
  const { entries, agents } = await loadServerState(rpc, { signal });
  const caLifeSeconds = await findCaLifeSeconds(rpc, { signal });
  const linted = files ?? entries.map((entry) => ({ entry }));
  return { entries: linted, facts: { agents, others: files === undefined ? [] : entries, caLifeSeconds, nowSeconds } };
}
