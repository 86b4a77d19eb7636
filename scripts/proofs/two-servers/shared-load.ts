import { bundleClient } from '../../../src/lib/client/bundle-client.ts';
import { entryClient } from '../../../src/lib/client/entry-client.ts';
import { generateKey, publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { Entry, EntryMask } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import type { Random } from '../../../test/support/mutate.ts';
import type { Ledger } from '../acknowledged/ledger.ts';

/** What these clients were told, beside what is in the ledger. */
export interface SharedFacts {
  /** Ids of JWT keys that are in the bundle. */
  readonly keyIds: Set<string>;
  /** By entry id: the hint that was acknowledged last, with updates so far; undefined while a later one is in doubt. */
  readonly hints: Map<string, { readonly hint: string; readonly revision: bigint } | undefined>;
}

/** More would make the bundle so large that nothing else is done. */
const MOST_KEYS = 150;

/**
 * An operator who changes one entry and the trust bundle again and again, now through one server, now through another, and
 * asks the next one whether it knows.
 */
export class SharedLoadClient implements AsyncDisposable {
  readonly #rpcs: readonly RpcClient[];
  readonly #name: string;
  readonly #ledger: Ledger;
  readonly #facts: SharedFacts;
  readonly #random: Random;
  #entryId: string | undefined;
  #revision = 0n;
  #count = 0;

  constructor(
    name: string,
    options: { sockets: readonly string[]; ledger: Ledger; facts: SharedFacts; random: Random },
  ) {
    this.#name = name;
    this.#rpcs = options.sockets.map((path) => new RpcClient({ kind: 'unix', path }));
    this.#ledger = options.ledger;
    this.#facts = options.facts;
    this.#random = options.random;
  }

  /** Calls until the signal aborts; a server that is away is left out for the time. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#act();
      } catch (error) {
        if (!(error instanceof RpcError) || error.status !== RpcCode.unavailable) throw error;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const rpc of this.#rpcs) await rpc[Symbol.asyncDispose]();
  }

  async #act(): Promise<void> {
    const rpc = this.#rpcs[this.#count++ % this.#rpcs.length];
    if (rpc === undefined) return;
    if (this.#entryId === undefined) await this.#createEntry(rpc);
    else if (this.#facts.keyIds.size < MOST_KEYS && this.#random(10) === 0) await this.#appendKey(rpc);
    else await this.#updateEntry(rpc, this.#entryId);
  }

  async #createEntry(rpc: RpcClient): Promise<void> {
    const path = `/${this.#name}/${this.#count}`;
    const entry = Entry.create({
      spiffeId: { trustDomain: 'example.org', path },
      parentId: { trustDomain: 'example.org', path: '/elsewhere' },
      selectors: [{ type: 'unix', value: 'uid:1' }],
    });
    const { results } = await entryClient(rpc).batchCreateEntry({ entries: [entry], outputMask: undefined });
    const id = results[0]?.entry?.id;
    if (id === undefined) throw new Error(`no entry: ${results[0]?.status?.message}`);
    this.#entryId = id;
    this.#ledger.entries.set(id, path);
    this.#facts.hints.set(id, { hint: '', revision: 0n });
    this.#ledger.acknowledge('socket', path);
  }

  async #updateEntry(rpc: RpcClient, id: string): Promise<void> {
    const hint = `${this.#name}-${this.#count}`;
    const known = this.#facts.hints.get(id);
    this.#facts.hints.set(id, undefined);
    const { results } = await entryClient(rpc).batchUpdateEntry({
      entries: [Entry.create({ id, hint })],
      inputMask: EntryMask.create({ hint: true }),
      outputMask: undefined,
    });
    const updated = results[0]?.entry;
    if (updated === undefined) {
      if (results[0]?.status?.code === RpcCode.unavailable) return;
      this.#ledger.complain(`entry ${id} could not be updated: ${results[0]?.status?.message}`);
      return;
    }
    if (known !== undefined && updated.revisionNumber !== known.revision + 1n) {
      this.#ledger.complain(`entry ${id} went from revision ${known.revision} to ${updated.revisionNumber}`);
    }
    if (updated.revisionNumber <= this.#revision) this.#ledger.complain(`entry ${id} went back to an older revision`);
    this.#revision = updated.revisionNumber;
    this.#facts.hints.set(id, { hint, revision: updated.revisionNumber });
    this.#ledger.acknowledge('socket', hint);
  }

  async #appendKey(rpc: RpcClient): Promise<void> {
    const keyId = `${this.#name}-${this.#count}`;
    const publicKey = Buffer.from(publicKeyDer(await generateKey('ec-p256')));
    const expiresAt = BigInt(Math.floor(Date.now() / 1000) + 3600);
    await bundleClient(rpc).appendBundle({
      x509Authorities: [],
      witAuthorities: [],
      jwtAuthorities: [{ keyId, publicKey, expiresAt, tainted: false }],
      outputMask: undefined,
    });
    this.#facts.keyIds.add(keyId);
    this.#ledger.acknowledge('socket', keyId);
  }
}

/** Holds a server against the facts. The load must be at rest. */
export async function compareFacts(rpc: RpcClient, facts: SharedFacts, ledger: Ledger): Promise<void> {
  const { jwtAuthorities } = await bundleClient(rpc).getBundle({ outputMask: undefined });
  const keyIds = jwtAuthorities.map(({ keyId }) => keyId);
  for (const keyId of facts.keyIds) if (!keyIds.includes(keyId)) ledger.complain(`key ${keyId} left the bundle`);
  if (new Set(keyIds).size < keyIds.length) ledger.complain('a key is in the bundle twice');
  for (const [id, fact] of facts.hints) {
    const entry = await entryClient(rpc).getEntry({ id, outputMask: undefined });
    if (fact !== undefined && entry.hint !== fact.hint) {
      ledger.complain(`entry ${id} has hint ${entry.hint}, not ${fact.hint}`);
    }
  }
}
