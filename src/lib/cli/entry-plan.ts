import { randomUUID } from 'node:crypto';
import type { DesiredState } from '../desiredentries/desired-entry.ts';
import { loadDesiredState } from '../desiredentries/desired-files.ts';
import { entryKey } from '../desiredentries/entry-fields.ts';
import { type BlastRadius, findBlastRadius } from '../desiredentries/identity-effects.ts';
import { parseOwnerPrefix } from '../desiredentries/owner.ts';
import { changesAnything, conflictsOf, makePlan, type Plan } from '../desiredentries/plan.ts';
import { loadServerState } from '../desiredentries/server-state.ts';
import type { RpcClient } from '../rpc/client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { EXIT_CODES, type ExitCode } from '../runtime/exit-codes.ts';
import type { CommandContext } from './command-context.ts';
import { type FlagValues, flag } from './go-flags.ts';
import { readInput } from './input-file.ts';

/** The flag that names files of entries; more may follow as arguments, as a shell makes them of a pattern. */
export const filesFlag = {
  f: flag.strings({ usage: "File or folder with entries, JSON, JSON lines or YAML; '-' reads stdin; may be repeated" }),
} as const;

/** The flags of `entry plan` and `entry apply` that say what is planned. */
export const planFlags = {
  ...filesFlag,
  owner: flag.string({ usage: 'Only touch entries whose ID begins with this; new ones get such an ID' }),
  prune: flag.bool({ usage: 'Remove entries of -owner that no file names' }),
} as const;

/** A plan and whom it concerns. */
export interface ShownPlan {
  readonly plan: Plan;
  readonly blastRadius: BlastRadius;
}

/**
 * The files that the command line names. @throws SpirekitError `usage` without any; as {@link loadDesiredState}
 */
export async function desiredFromFiles(
  context: Pick<CommandContext<typeof filesFlag>, 'flags' | 'args' | 'io' | 'signal'>,
): Promise<DesiredState> {
  const paths = [...context.flags.f, ...context.args];
  if (paths.length === 0)
    throw new SpirekitError('usage', 'no files: -f names those that say which entries there should be');
  if (paths.filter((path) => path === '-').length > 1) throw new SpirekitError('usage', 'stdin can be read only once');
  return await loadDesiredState(paths, (path, maxBytes) =>
    readInput(path, context.io.stdin, { signal: context.signal, maxBytes }),
  );
}

/** Holds files against the server. @throws SpirekitError `usage`; as `makePlan` and `loadServerState` */
export async function planEntries(
  rpc: RpcClient,
  desired: DesiredState,
  { flags, signal }: { readonly flags: Omit<FlagValues<typeof planFlags>, 'f'>; readonly signal: AbortSignal },
): Promise<ShownPlan> {
  if (flags.prune && flags.owner === '') {
    throw new SpirekitError('usage', '-prune is of use only together with -owner, whose entries it removes');
  }
  const owner = flags.owner === '' ? undefined : parseOwnerPrefix(flags.owner);
  const { trustDomain, entries, agents } = await loadServerState(rpc, { signal });
  const plan = makePlan(desired, entries, { trustDomain, owner, prune: flags.prune, makeId: randomUUID });
  return { plan, blastRadius: findBlastRadius(plan, entries, agents) };
}

/** The exit code of a plan: whether something would change, or could not be as files want it. */
export function planExitCode(plan: Plan): ExitCode {
  if (changesAnything(plan)) return EXIT_CODES.wouldChange;
  return conflictsOf(plan).length > 0 ? EXIT_CODES.partlyDone : EXIT_CODES.ok;
}

/** What two plans have in common if they would do the same; IDs that nobody has chosen are made anew for each. */
export function planSubstance({ added, changed, removed }: Plan): string {
  return JSON.stringify([
    added.map(({ entry }) => entryKey(entry)),
    changed.map(({ before, changes }) => [before.id, String(before.revisionNumber), changes]),
    removed.map(({ before }) => [before.id, String(before.revisionNumber)]),
  ]);
}
