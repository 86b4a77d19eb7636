import { SpirekitError } from '../../../runtime/errors.ts';
import { type AttestedNode, isBanned } from '../../../spiffe/attested-node.ts';
import { formatSelector, type Selector } from '../../../spiffe/selector.ts';
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { recordNotFound } from '../entry-rules.ts';
import type { NodeFilter, NodeStore, NodeUpdate } from '../node-store.ts';
import type { Page, PageRequest } from '../pagination.ts';
import { nodeConditions } from './node-filter.ts';
import { fromNodeRow, type NodeRow, toNodeRow } from './node-row.ts';
import { readPaged, type Window } from './paging.ts';
import type { NoteChange, Queries, StoreSession } from './session.ts';
import { deleteEntryRows } from './sql-entry-store.ts';
import { deleteJoinTokenRow } from './sql-join-token-store.ts';

/** The attestor whose agents may have brought an entry along. */
const JOIN_TOKEN = 'join_token';

/** Attested nodes in SQL tables. */
export class SqlNodeStore implements NodeStore {
  readonly #session: StoreSession;

  constructor(config: { session: StoreSession }) {
    this.#session = config.session;
  }

  countNodes(filter: NodeFilter): Promise<number> {
    return this.#session.read(async (db) => {
      const { count } = await db
        .selectFrom('attested_nodes as n')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where((eb) => eb.and(nodeConditions(eb, filter)))
        .executeTakeFirstOrThrow();
      return Number(count);
    });
  }

  listNodes(filter: NodeFilter, page?: PageRequest): Promise<Page<AttestedNode>> {
    return this.#session.read((db) => readPaged(page, (window) => selectNodes(db, filter, window), fromNodeRow));
  }

  async findNode(spiffeId: SpiffeId): Promise<AttestedNode | undefined> {
    const row = await this.#session.read((db) => selectNode(db, spiffeId));
    return row === undefined ? undefined : fromNodeRow(row);
  }

  saveNode(node: AttestedNode, { joinToken }: { readonly joinToken?: string | undefined } = {}): Promise<void> {
    return this.#session.write(async (tx, note) => {
      const row = await selectNode(tx, node.spiffeId);
      if (row !== undefined && isBanned(fromNodeRow(row))) throw banned();
      if (joinToken !== undefined && (await deleteJoinTokenRow(tx, joinToken)) === undefined) throw tokenGone();
      const stored = { ...node, selectors: distinctSelectors(node.selectors) };
      const id = await writeNodeRow(tx, row?.id, stored);
      await tx.deleteFrom('node_selectors').where('node', '=', id).execute();
      const rows = stored.selectors.map((selector) => ({ node: id, selector: formatSelector(selector) }));
      if (rows.length > 0) await tx.insertInto('node_selectors').values(rows).execute();
      note({ kind: 'node', spiffeId: node.spiffeId.toString(), node: stored });
    });
  }

  updateNode(spiffeId: SpiffeId, update: NodeUpdate | ((node: AttestedNode) => NodeUpdate)): Promise<AttestedNode> {
    return this.#session.write(async (tx, note) => {
      const row = await selectNode(tx, spiffeId);
      if (row === undefined) throw recordNotFound();
      const current = fromNodeRow(row);
      const stored = { ...current, ...(typeof update === 'function' ? update(current) : update) };
      if (isBanned(current) && (stored.serialNumber !== '' || stored.newSerialNumber !== '')) throw banned();
      await writeNodeRow(tx, row.id, stored);
      note({ kind: 'node', spiffeId: row.spiffe_id, node: stored });
      return stored;
    });
  }

  deleteNode(spiffeId: SpiffeId): Promise<AttestedNode> {
    return this.#session.write(async (tx, note) => {
      const row = await selectNode(tx, spiffeId);
      if (row === undefined) throw recordNotFound();
      await deleteNodeRow(tx, row, note);
      return fromNodeRow(row);
    });
  }

  pruneNodes(
    expiredBeforeSeconds: number,
    options: { readonly includeNonReattestable?: boolean; readonly limit?: number } = {},
  ): Promise<number> {
    return this.#session.write(async (tx, note) => {
      let expired = tx
        .selectFrom('attested_nodes')
        .selectAll()
        .where('expires_at', '<', expiredBeforeSeconds)
        .where('serial_number', '!=', '')
        .orderBy('expires_at')
        .orderBy('id');
      if (options.includeNonReattestable !== true) expired = expired.where('can_reattest', '=', 1);
      if (options.limit !== undefined) expired = expired.limit(options.limit);
      const rows = await expired.execute();
      for (const row of rows) await deleteNodeRow(tx, row, note);
      return rows.length;
    });
  }
}

/** Replaces the row with the id, or inserts one; returns its id. */
async function writeNodeRow(tx: Queries, id: number | undefined, node: AttestedNode): Promise<number> {
  if (id === undefined) {
    const inserting = tx.insertInto('attested_nodes').values(toNodeRow(node)).returning('id');
    return (await inserting.executeTakeFirstOrThrow()).id;
  }
  await tx.updateTable('attested_nodes').set(toNodeRow(node)).where('id', '=', id).execute();
  return id;
}

async function deleteNodeRow(tx: Queries, row: NodeRow, note: NoteChange): Promise<void> {
  if (row.attestation_type === JOIN_TOKEN) {
    // Exactly the shape that creating a join token with an identity writes: one selector which names the parent.
    const aliases = await tx
      .selectFrom('registered_entries')
      .select(['id', 'entry_id'])
      .where('parent_id', '=', row.spiffe_id)
      .where('selectors', '=', JSON.stringify([`spiffe_id:${row.spiffe_id}`]))
      .execute();
    await deleteEntryRows(tx, aliases, note);
  }
  await tx.deleteFrom('attested_nodes').where('id', '=', row.id).execute();
  note({ kind: 'node', spiffeId: row.spiffe_id, node: undefined });
}

function selectNode(db: Queries, spiffeId: SpiffeId): Promise<NodeRow | undefined> {
  return db.selectFrom('attested_nodes').selectAll().where('spiffe_id', '=', spiffeId.toString()).executeTakeFirst();
}

function selectNodes(db: Queries, filter: NodeFilter, window: Window): Promise<NodeRow[]> {
  return db
    .selectFrom('attested_nodes as n')
    .selectAll('n')
    .where((eb) => eb.and(nodeConditions(eb, filter)))
    .where('n.id', '>', window.afterId)
    .orderBy('n.id')
    .limit(window.limit)
    .execute();
}

function banned(): SpirekitError {
  return new SpirekitError('permission-denied', 'agent is banned');
}

function tokenGone(): SpirekitError {
  return new SpirekitError('failed-precondition', 'join token is not there any more');
}

function distinctSelectors(selectors: readonly Selector[]): Selector[] {
  return [...new Map(selectors.map((selector) => [formatSelector(selector), selector])).values()];
}
