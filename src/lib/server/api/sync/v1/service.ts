import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import { type Clock, sleep } from '../../../../runtime/clock.ts';
import type { SyncDefinition } from '../../../../wire/gen/spirekit/api/server/sync/v1/sync.ts';
import type { ChangeEvents } from '../../../datastore/change-events.ts';

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
  let sequence = 0n;
  const waiting = new Set<() => void>();
  const unsubscribe = deps.changes.subscribe(() => {
    sequence += 1n;
    for (const wake of waiting) wake();
  });
  deps.signal.addEventListener('abort', unsubscribe, { once: true });
  return {
    watch: async function* (_request, call) {
      const signal = AbortSignal.any([call.signal, deps.signal]);
      // However fast changes come, an agent that reads slowly is told of the last one only: nothing piles up.
      while (!signal.aborted) {
        const sent = sequence;
        yield { sequence: sent };
        if (sequence === sent) await nextChange(waiting, signal);
        await sleep(deps.clock, GATHER_MS, { signal }).catch(() => undefined);
      }
    },
  };
}

/** Resolves at the next change, and when the signal aborts. */
function nextChange(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    if (signal.aborted) return wake();
    waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
