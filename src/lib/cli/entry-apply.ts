import { applyPlan, refusalsOf } from '../desiredentries/apply-plan.ts';
import type { DesiredState } from '../desiredentries/desired-entry.ts';
import { changesAnything } from '../desiredentries/plan.ts';
import { writeUndoFile } from '../desiredentries/undo-file.ts';
import type { RpcClient } from '../rpc/client.ts';
import { counted } from '../runtime/counted.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { withBatchProgress } from './batch-progress.ts';
import type { CommandContext } from './command-context.ts';
import { isConfirmed } from './confirmation.ts';
import { planEntries, planExitCode, planSubstance, type ShownPlan } from './entry-plan.ts';
import { type FlagValues, flag } from './go-flags.ts';
import { applyJson, formatApplied, formatRefusals } from './pretty/entry-apply.ts';
import { entryPlanItems, entryPlanJson, entryPlanTable, formatEntryPlan } from './pretty/entry-plan.ts';

/** The flags of `entry apply` and `entry undo` beside those of the plan. */
export const applyFlags = {
  yes: flag.bool({ usage: 'Change and remove entries without asking' }),
  dryRun: flag.bool({ usage: 'Only say what would be done, as `entry plan` does' }),
  undoFile: flag.string({ usage: 'Write a file that undoes it, before anything is changed; there must be none yet' }),
  output: flag.output({ nameField: 'entry_id' }),
} as const;

type ApplyContext = Pick<CommandContext<typeof applyFlags>, 'program' | 'flags' | 'io' | 'clock' | 'signal' | 'print'>;

/** Prints a plan as `-output` says. */
export async function printPlan(
  { flags, print }: Pick<ApplyContext, 'print'> & { readonly flags: Pick<FlagValues<typeof applyFlags>, 'output'> },
  shown: ShownPlan,
): Promise<void> {
  await print({
    pretty: () => formatEntryPlan(shown),
    json: () => entryPlanJson(shown),
    items: () => entryPlanItems(shown),
    // A plan says more than a table holds, so it is one only for who asks.
    ...(flags.output === 'table' ? { table: () => entryPlanTable(shown) } : {}),
  });
}

/**
 * Plans, asks where that is due, and carries the plan out.
 *
 * What only adds is done at once. What changes or removes something wants a yes: from the terminal, or by `-yes` where
 * nobody can be asked.
 *
 * @throws SpirekitError `usage` where a yes is wanted and nobody can be asked; `aborted` for a no, or if the server has
 *   changed while somebody thought about it; `partial-failure` if some of it could not be done
 */
export async function planAndApply(
  rpc: RpcClient,
  desired: DesiredState,
  context: ApplyContext,
  planning: { readonly owner: string; readonly prune: boolean },
): Promise<number> {
  const { flags, signal } = context;
  const makePlan = (): Promise<ShownPlan> => planEntries(rpc, desired, { flags: planning, signal });
  let shown = await makePlan();
  if (flags.dryRun) {
    await printPlan(context, shown);
    return planExitCode(shown.plan);
  }
  const isForPeople = flags.output === 'pretty' || flags.output === 'table';
  if (isForPeople) await printPlan(context, shown);
  const { changed, removed, added } = shown.plan;
  if (changed.length + removed.length > 0 && !flags.yes) {
    const asked = shown.plan;
    if (!isForPeople) context.io.stderr.write(formatEntryPlan(shown));
    const question = `Change ${counted(changed.length, 'entry', 'entries')} and remove ${removed.length}?`;
    if (!(await isConfirmed(question, flags.yes, context))) {
      throw new SpirekitError('aborted', 'not confirmed, nothing was changed');
    }
    // Whoever was asked may have thought about it for long.
    shown = await makePlan();
    if (planSubstance(shown.plan) !== planSubstance(asked)) {
      throw new SpirekitError('aborted', 'the server has changed since this was shown; nothing was done, look again');
    }
  }
  const { plan } = shown;
  if (flags.undoFile !== '' && changesAnything(plan)) {
    await writeUndoFile(flags.undoFile, {
      entries: [...plan.changed, ...plan.removed].map(({ before }) => before),
      removeIds: plan.added.map(({ entry }) => entry.id),
    });
  }
  const total = added.length + changed.length + removed.length;
  const report = await withBatchProgress(context, total, (options) => applyPlan(rpc, plan, options));
  if (isForPeople) context.io.stdout.write(formatApplied(report));
  else
    await context.print({
      pretty: () => formatApplied(report),
      json: () => applyJson(shown, report),
      items: () => entryPlanItems(shown),
    });
  const refused = refusalsOf(report).length;
  if (refused === 0) return 0;
  if (isForPeople) context.io.stderr.write(formatRefusals(report));
  throw new SpirekitError(
    'partial-failure',
    `${refused} of ${report.entries.length} could not be done; run it again once that is mended`,
  );
}
