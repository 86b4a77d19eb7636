import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import { type Clock, sleep } from '../../../../runtime/clock.ts';
import type { SyncDefinition } from '../../../../wire/gen/spirekit/api/server/sync/v1/sync.ts';
import { getCallerId } from '../../../authorization/caller.ts';
import type { ChangeEvents, DatastoreChange } from '../../../datastore/change-events.ts';

/** What the sync service depends on. */
export interface SyncServiceDeps {
  readonly changes: ChangeEvents;
  readonly clock: Clock;
  /** Ends all streams, when the server stops. */
  readonly signal: AbortSignal;
}

/** Changes that come together wake an agent once. */
const GATHER_MS = 20;

/**
 * `spirekit.api.server.sync.v1.Sync`: an extension that wakes agents, so that they sync at once instead of at their next
 * poll. It says nothing about what changed: what an agent may know, the ordinary calls decide.
 */
export function syncService(deps: SyncServiceDeps): ServiceImplementation<typeof SyncDefinition> {
  const watches = new Set<Watch>();
  let changeCount = 0n;
  const unsubscribe = deps.changes.subscribe((change) => {
    changeCount += 1n;
    for (const watch of watches) if (concerns(change, watch.agentId)) watch.changed(changeCount);
  });
  deps.signal.addEventListener('abort', unsubscribe, { once: true });
  return {
    watch: async function* (_request, call) {
      const signal = AbortSignal.any([call.signal, deps.signal]);
      const watch = new Watch(getCallerId(call).toString(), changeCount);
      watches.add(watch);
      try {
        // However fast changes come, an agent that reads slowly is told of the last one only: nothing piles up.
        while (!signal.aborted) {
          const { sequence } = watch;
          yield { sequence };
          await watch.passed(sequence, signal);
          await sleep(deps.clock, GATHER_MS, { signal }).catch(() => undefined);
        }
      } finally {
        watches.delete(watch);
      }
    },
  };
}

/** What happens to an agent is its own business; an entry or a bundle may matter to any. */
function concerns(change: DatastoreChange, agentId: string): boolean {
  switch (change.kind) {
    case 'entry':
    case 'bundle':
    case 'all':
      return true;
    case 'node':
      return change.spiffeId === agentId;
    case 'federation':
      return false;
  }
}

/** One agent that waits for changes, and the last one that concerned it. */
class Watch {
  readonly agentId: string;
  sequence: bigint;
  #wake: () => void = () => {};

  constructor(agentId: string, sequence: bigint) {
    this.agentId = agentId;
    this.sequence = sequence;
  }

  changed(sequence: bigint): void {
    this.sequence = sequence;
    this.#wake();
  }

  /** Resolves when a change came after this one, and when the signal aborts. */
  async passed(sequence: bigint, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.sequence !== sequence) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    try {
      await promise;
    } finally {
      this.#wake = () => {};
      signal.removeEventListener('abort', wake);
    }
  }
}
