import type { BatchOptions } from '../client/batched-calls.ts';
import { createEntries, deleteEntries, updateEntries } from '../client/entry-batches.ts';
import type { RpcClient } from '../rpc/client.ts';
import { RpcCode, rpcCodeName } from '../rpc/status.ts';
import type { Entry, EntryMask } from '../wire/gen/spire/api/types/entry.ts';
import { type FieldChange, fieldChanges, idName } from './entry-fields.ts';
import { type AddedEntry, type ChangedEntry, conflictsOf, type Plan, type RemovedEntry } from './plan.ts';
import { listAllEntries } from './server-state.ts';
import type { Place } from './source-file.ts';

/** What became of one entry of a plan. */
export interface AppliedEntry {
  readonly action: 'add' | 'change' | 'remove';
  readonly entryId: string;
  readonly spiffeId: string;
  /** Where a file wants it so; none for what no file names. */
  readonly place: Place | undefined;
  /** Why it was not done; none if it was. */
  readonly refusal: string | undefined;
}

/** What became of a plan. */
export interface ApplyReport {
  readonly plan: Plan;
  /** In the order in which it was done. */
  readonly entries: readonly AppliedEntry[];
}

/** How a plan is carried out. */
export type ApplyOptions = Pick<BatchOptions, 'clock' | 'signal' | 'onProgress' | 'failedAfter'>;

/**
 * Carries a plan out: what is new is created, then what differs is changed, then what is to go is deleted, so that no
 * workload is without an identity meanwhile that it has before and afterwards. What cannot be done is told with its place
 * and keeps nothing else from being done.
 *
 * What somebody else has changed since the plan was made is left alone. Stopped at any moment and planned and carried out
 * again it ends in the same state: entries have their IDs before they are sent, changes name only what differs, and what is
 * gone already counts as deleted.
 *
 * @throws RpcError for a call that fails as a whole
 */
export async function applyPlan(rpc: RpcClient, plan: Plan, options: ApplyOptions): Promise<ApplyReport> {
  const run = new Run(rpc, plan, options);
  await run.create(plan.added.filter(({ isLate }) => !isLate));
  const overtaken = plan.changed.length + plan.removed.length > 0 ? await run.findOvertaken() : new Map();
  await run.change(plan.changed, overtaken);
  await run.create(plan.added.filter(({ isLate }) => isLate));
  await run.remove(plan.removed, overtaken);
  for (const { existing, changes, place } of conflictsOf(plan)) {
    const reason = `entry ${existing.id} of another owner has another ${changedWords(changes)}`;
    run.tell({ action: 'change', entry: existing, place, refusal: reason });
  }
  return { plan, entries: run.entries };
}

/** What was not done, and why. */
export function refusalsOf({ entries }: ApplyReport): readonly AppliedEntry[] {
  return entries.filter(({ refusal }) => refusal !== undefined);
}

/** Reasons not to touch entries, by their ID: somebody else has changed them. An entry that is gone has the empty one. */
type Overtaken = ReadonlyMap<string, string>;

class Run {
  readonly entries: AppliedEntry[] = [];
  readonly #rpc: RpcClient;
  readonly #plan: Plan;
  readonly #options: ApplyOptions;
  readonly #total: number;

  constructor(rpc: RpcClient, plan: Plan, options: ApplyOptions) {
    this.#rpc = rpc;
    this.#plan = plan;
    this.#options = options;
    this.#total = plan.added.length + plan.changed.length + plan.removed.length;
  }

  tell({
    action,
    entry,
    place,
    refusal,
  }: Pick<AppliedEntry, 'action' | 'place' | 'refusal'> & { readonly entry: Entry }): void {
    this.entries.push({ action, entryId: entry.id, spiffeId: idName(entry.spiffeId), place, refusal });
  }

  async create(added: readonly AddedEntry[]): Promise<void> {
    if (added.length === 0) return;
    const entries = added.map(({ entry }) => entry);
    const results = await createEntries(this.#rpc, entries, this.#batch());
    for (const [index, { entry, place }] of added.entries()) {
      this.tell({ action: 'add', entry, place, refusal: creationRefusal(results[index], entry) });
    }
  }

  /** What was changed or deleted since the plan was made. */
  async findOvertaken(): Promise<Overtaken> {
    const { signal } = this.#options;
    const now = await listAllEntries(this.#rpc, { filter: undefined, outputMask: ONLY_REVISION, signal });
    const revisions = new Map(now.map(({ id, revisionNumber }) => [id, revisionNumber]));
    const overtaken = new Map<string, string>();
    for (const { before } of [...this.#plan.changed, ...this.#plan.removed]) {
      const revision = revisions.get(before.id);
      if (revision === undefined) overtaken.set(before.id, '');
      else if (revision !== before.revisionNumber) {
        overtaken.set(
          before.id,
          `somebody else has changed it since it was planned (revision ${before.revisionNumber}, now ${revision}): plan again`,
        );
      }
    }
    return overtaken;
  }

  /** Those that change the same fields go together, since a call names its fields once. */
  async change(changed: readonly ChangedEntry[], overtaken: Overtaken): Promise<void> {
    const groups = new Map<string, ChangedEntry[]>();
    for (const each of changed) {
      const reason = overtaken.get(each.before.id);
      if (reason !== undefined) {
        const refusal = reason === '' ? 'somebody else has deleted it since it was planned: plan again' : reason;
        this.tell({ action: 'change', entry: each.before, place: each.place, refusal });
        continue;
      }
      const mask = [...new Set(each.changes.map(({ field }) => field.mask))].sort().join();
      groups.set(mask, [...(groups.get(mask) ?? []), each]);
    }
    for (const group of groups.values()) {
      const entries = group.map(({ after }) => after);
      const results = await updateEntries(this.#rpc, entries, this.#batch(), maskOf(group[0]?.changes ?? []));
      for (const [index, { after, place }] of group.entries()) {
        this.tell({ action: 'change', entry: after, place, refusal: refusalOf(results[index]) });
      }
    }
  }

  async remove(removed: readonly RemovedEntry[], overtaken: Overtaken): Promise<void> {
    const going: RemovedEntry[] = [];
    for (const each of removed) {
      const reason = overtaken.get(each.before.id);
      if (reason === undefined) going.push(each);
      else this.tell({ action: 'remove', entry: each.before, place: each.place, refusal: reason || undefined });
    }
    if (going.length === 0) return;
    const ids = going.map(({ before }) => before.id);
    const results = await deleteEntries(this.#rpc, ids, this.#batch());
    for (const [index, { before, place }] of going.entries()) {
      const result = results[index];
      const isGone = result?.status?.code === RpcCode.notFound;
      this.tell({ action: 'remove', entry: before, place, refusal: isGone ? undefined : refusalOf(result) });
    }
  }

  /** The progress is that of the whole. */
  #batch(): BatchOptions {
    const { clock, signal, onProgress, failedAfter } = this.#options;
    const before = this.entries.length;
    return {
      clock,
      signal,
      onProgress: (done) => onProgress?.(before + done, this.#total),
      failedAfter: (done, _, error) =>
        failedAfter === undefined ? error : failedAfter(before + done, this.#total, error),
    };
  }
}

interface Result {
  readonly status?: { readonly code: number; readonly message: string } | undefined;
}

/** An entry that is there as it was wanted is no failure: a run that was killed had made it. */
function creationRefusal(
  result: (Result & { readonly entry?: Entry | undefined }) | undefined,
  wanted: Entry,
): string | undefined {
  if (result?.status?.code !== RpcCode.alreadyExists || result.entry === undefined) return refusalOf(result);
  const changes = fieldChanges(result.entry, wanted);
  if (changes.length === 0) return undefined;
  return `entry ${result.entry.id} is there already, with another ${changedWords(changes)}`;
}

function refusalOf(result: Result | undefined): string | undefined {
  if (result === undefined) return 'the server did not say what became of it';
  const { code, message } = result.status ?? { code: 0, message: '' };
  return code === 0 ? undefined : `${rpcCodeName(code)}: ${message}`;
}

function changedWords(changes: readonly FieldChange[]): string {
  return changes.map(({ field }) => field.words).join(', ');
}

function maskOf(changes: readonly FieldChange[]): EntryMask {
  return { ...NO_FIELDS, ...Object.fromEntries(changes.map(({ field }) => [field.mask, true])) };
}

const NO_FIELDS: EntryMask = {
  spiffeId: false,
  parentId: false,
  selectors: false,
  x509SvidTtl: false,
  federatesWith: false,
  admin: false,
  downstream: false,
  expiresAt: false,
  dnsNames: false,
  revisionNumber: false,
  storeSvid: false,
  jwtSvidTtl: false,
  hint: false,
  createdAt: false,
  additionalAttributes: false,
};

const ONLY_REVISION: EntryMask = { ...NO_FIELDS, revisionNumber: true };
