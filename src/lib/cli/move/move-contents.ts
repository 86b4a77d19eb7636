import { bundleClient } from '../../client/bundle-client.ts';
import { entryClient } from '../../client/entry-client.ts';
import { trustDomainClient } from '../../client/trust-domain-client.ts';
import type { RpcClient } from '../../rpc/client.ts';
import { RpcCode, rpcCodeName } from '../../rpc/status.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { Entry } from '../../wire/gen/spire/api/types/entry.ts';
import type { BatchResult } from '../batch-outcome.ts';
import { awaitWithin } from '../error-context.ts';
import { compareContents, entryDifferences, entryName, type MovedItem, type MovedKind } from './compare-contents.ts';
import type { ServerContents } from './server-contents.ts';

/** How the contents of a server are brought to another one. */
export interface MoveOptions {
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told of how many the target has answered, and of how many it will. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What became of everything that the source has. */
export interface MoveReport {
  readonly dryRun: boolean;
  readonly trustDomain: string;
  readonly items: readonly MovedItem[];
  /** Entries below agents that attested by a join token: another token makes another agent. */
  readonly belowJoinTokens: number;
}

/** What one call carries at most: far below the 4 MiB that servers take, and so that a lost connection costs little. */
const BATCH_ITEMS = 200;
const BATCH_BYTES = 1024 * 1024;

/**
 * Creates what the target lacks: bundles first, then federation relationships, then entries under the IDs that they have.
 * What is there already stays as it is, so that the same call can be made again after it has failed.
 *
 * @throws SpirekitError `failed-precondition` for servers of two trust domains; RpcError with words in front for a call
 *   that fails as a whole
 */
export async function moveContents(
  source: ServerContents,
  target: ServerContents,
  rpc: RpcClient,
  options: MoveOptions,
): Promise<MoveReport> {
  if (source.trustDomain !== target.trustDomain) {
    throw new SpirekitError(
      'failed-precondition',
      `the source is of trust domain ${source.trustDomain} and the target of ${target.trustDomain}: a server takes only what is of its own`,
    );
  }
  const { missing, present } = compareContents(source, target);
  const items = [...present];
  const calls = { signal: options.signal };
  const total = missing.bundles.length + missing.relationships.length + missing.entries.length;
  const create = async <T>(
    kind: MovedKind,
    wanted: readonly T[],
    { nameOf, sizeOf = () => 0, call }: Creation<T>,
  ): Promise<void> => {
    for (const batch of options.dryRun ? [] : batches(wanted, sizeOf)) {
      const sending = call(batch);
      const results = await awaitWithin(`cannot create ${kind} ${nameOf(batch[0] as T)} and what follows`, sending);
      items.push(...batch.map((item, index) => judge(kind, nameOf(item), results[index])));
      options.onProgress?.(items.length - present.length, total);
    }
    if (options.dryRun) items.push(...wanted.map((item) => ({ kind, name: nameOf(item), outcome: 'new' as const })));
  };
  await create('bundle', missing.bundles, {
    nameOf: ({ trustDomain }) => trustDomain,
    call: async (bundle) =>
      (await bundleClient(rpc).batchCreateFederatedBundle({ bundle: [...bundle], outputMask: undefined }, calls))
        .results,
  });
  await create('federation relationship', missing.relationships, {
    nameOf: ({ trustDomain }) => trustDomain,
    call: async (federationRelationships) => {
      const request = { federationRelationships: [...federationRelationships], outputMask: undefined };
      return (await trustDomainClient(rpc).batchCreateFederationRelationship(request, calls)).results;
    },
  });
  await create('entry', missing.entries, {
    nameOf: entryName,
    sizeOf: (entry) => Entry.encode(entry).finish().length,
    call: async (entries) => {
      const fresh = entries.map((entry) => ({ ...entry, createdAt: 0n, revisionNumber: 0n }));
      const { results } = await entryClient(rpc).batchCreateEntry({ entries: fresh, outputMask: undefined }, calls);
      return results.map((result, index) => withDifferences(result, fresh[index]));
    },
  });
  const belowJoinTokens = source.entries.filter(({ parentId }) =>
    parentId?.path.startsWith('/spire/agent/join_token/'),
  ).length;
  return { dryRun: options.dryRun, trustDomain: source.trustDomain, items, belowJoinTokens };
}

interface Creation<T> {
  readonly nameOf: (item: T) => string;
  readonly sizeOf?: (item: T) => number;
  readonly call: (batch: readonly T[]) => Promise<readonly BatchResult[]>;
}

/** One that somebody else made meanwhile: the server answers with what it has. */
function withDifferences(result: BatchResult & { entry?: Entry | undefined }, wanted: Entry | undefined): BatchResult {
  if (result.status?.code !== RpcCode.alreadyExists || result.entry === undefined || wanted === undefined)
    return result;
  const different = entryDifferences(wanted, result.entry);
  const message = different.length === 0 ? '' : `the target has another ${different.join(', ')}`;
  return { status: { code: RpcCode.alreadyExists, message } };
}

function judge(kind: MovedKind, name: string, result: BatchResult | undefined): MovedItem {
  const { code, message } = result?.status ?? { code: 0, message: '' };
  if (result === undefined)
    return { kind, name, outcome: 'refused', reason: 'the server did not say what became of it' };
  if (code === 0) return { kind, name, outcome: 'created' };
  if (code === RpcCode.alreadyExists) {
    return message === '' ? { kind, name, outcome: 'same' } : { kind, name, outcome: 'differs', reason: message };
  }
  return { kind, name, outcome: 'refused', reason: `${rpcCodeName(code)}: ${message}` };
}

function batches<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const made: T[][] = [];
  let current: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (current.length === BATCH_ITEMS || (current.length > 0 && bytes + size > BATCH_BYTES)) {
      made.push(current);
      [current, bytes] = [[], 0];
    }
    current.push(item);
    bytes += size;
  }
  if (current.length > 0) made.push(current);
  return made;
}
