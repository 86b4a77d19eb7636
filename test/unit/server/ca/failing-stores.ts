import type { BundleStore } from '../../../../src/lib/server/datastore/bundle-store.ts';
import type { CaJournalStore } from '../../../../src/lib/server/datastore/ca-journal-store.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import type { KeyManager } from '../../../../src/lib/server/plugin/keymanager/key-manager.ts';
import type { World } from './authority-world.ts';

/** What a server writes when it prepares and activates an authority, and when it leaves one that is tainted upstream. */
export type Write = 'generateKey' | 'saveCaJournal' | 'appendBundle' | 'taintX509Authority' | 'revokeX509Authority';

/** Called with each write; may do it, do it and fail, or fail. */
export type OnWrite = (write: Write, perform: () => Promise<unknown>) => Promise<unknown>;

/** The same world, with a say in every write of the server's authorities. */
export function interceptWrites(world: World, onWrite: OnWrite): World {
  const intercept = <T extends object>(target: T, ...writes: readonly Write[]): T =>
    new Proxy(target, {
      get(_, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const write = writes.find((each) => each === name);
        if (write === undefined) return value.bind(target);
        return (...args: unknown[]) => onWrite(write, () => value.apply(target, args));
      },
    });
  const bundles: BundleStore = intercept(
    world.datastore.bundles,
    'appendBundle',
    'taintX509Authority',
    'revokeX509Authority',
  );
  const caJournals: CaJournalStore = intercept(world.datastore.caJournals, 'saveCaJournal');
  const keyManager: KeyManager = intercept(world.keyManager, 'generateKey');
  const datastore = new Proxy<DataStore>(world.datastore, {
    get: (target, name) =>
      name === 'bundles' ? bundles : name === 'caJournals' ? caJournals : Reflect.get(target, name),
  });
  return { ...world, datastore, keyManager };
}

/** Stands for kill -9: one write is the last thing that happens, or does not happen any more. */
export class KilledAt {
  /** What was written, in order. */
  readonly writes: Write[] = [];
  isDead = false;
  readonly #step: number;
  readonly #when: 'before' | 'after';

  /** @param step from 0; infinity lets the process live */
  constructor(step: number, when: 'before' | 'after') {
    this.#step = step;
    this.#when = when;
  }

  readonly onWrite: OnWrite = async (write, perform) => {
    if (this.isDead) throw new Error('killed');
    const isLast = this.writes.length === this.#step;
    if (!isLast || this.#when === 'after') {
      this.writes.push(write);
      const result = await perform();
      if (!isLast) return result;
    }
    this.isDead = true;
    throw new Error('killed');
  };
}
