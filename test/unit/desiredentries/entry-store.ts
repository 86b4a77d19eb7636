import { entryKey } from '../../../src/lib/desiredentries/entry-fields.ts';
import type { ServiceImplementation } from '../../../src/lib/rpc/server.ts';
import { RpcCode } from '../../../src/lib/rpc/status.ts';
import type { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import type { Entry, EntryMask } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

interface Status {
  readonly code: number;
  readonly message: string;
}

const OK: Status = { code: RpcCode.ok, message: 'OK' };
const EXISTS: Status = { code: RpcCode.alreadyExists, message: 'similar entry already exists' };
const MISSING: Status = { code: RpcCode.notFound, message: 'entry not found' };

/** The entries of a server, by the simplest rules: one call is worked off item by item, and may stop within. */
export class EntryStore {
  readonly entries = new Map<string, Entry>();
  /** Told before each change; may throw, as a server that is killed. */
  beforeChange: () => void = () => {};
  /** Reasons to refuse an entry, by its ID. */
  readonly refusals = new Map<string, string>();
  /** Fields that updates named. */
  readonly masks: (readonly string[])[] = [];

  constructor(entries: readonly Entry[] = []) {
    for (const entry of entries) this.entries.set(entry.id, entry);
  }

  create(entry: Entry): { status: Status; entry: Entry | undefined } {
    this.beforeChange();
    const refusal = this.refusals.get(entry.id);
    if (refusal !== undefined) return { status: { code: RpcCode.invalidArgument, message: refusal }, entry: undefined };
    const key = entryKey(entry);
    const alike = this.entries.get(entry.id) ?? [...this.entries.values()].find((each) => entryKey(each) === key);
    if (alike !== undefined) return { status: EXISTS, entry: alike };
    const stored = { ...entry, revisionNumber: 0n, createdAt: 1n };
    this.entries.set(entry.id, stored);
    return { status: OK, entry: stored };
  }

  update(entry: Entry, mask: EntryMask | undefined): { status: Status; entry: Entry | undefined } {
    this.beforeChange();
    const old = this.entries.get(entry.id);
    if (old === undefined) return { status: MISSING, entry: undefined };
    const named =
      mask === undefined ? Object.keys(entry) : Object.entries(mask).flatMap(([name, isSet]) => (isSet ? [name] : []));
    this.masks.push(named);
    const changed = { ...old, ...Object.fromEntries(named.map((name) => [name, entry[name as keyof Entry]])) };
    const stored = { ...changed, id: old.id, revisionNumber: old.revisionNumber + 1n };
    this.entries.set(entry.id, stored);
    return { status: OK, entry: stored };
  }

  remove(id: string): { status: Status; id: string } {
    this.beforeChange();
    return { status: this.entries.delete(id) ? OK : MISSING, id };
  }

  /** As the service of a server. */
  service(): ServiceImplementation<typeof EntryDefinition> {
    return {
      batchCreateEntry: async ({ entries }) => ({ results: entries.map((entry) => this.create(entry)) }),
      batchUpdateEntry: async ({ entries, inputMask }) => ({
        results: entries.map((entry) => this.update(entry, inputMask)),
      }),
      batchDeleteEntry: async ({ ids }) => ({ results: ids.map((id) => this.remove(id)) }),
      listEntries: async () => ({ entries: [...this.entries.values()], nextPageToken: '' }),
    };
  }
}
