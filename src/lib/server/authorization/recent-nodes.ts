import type { Clock } from '../../runtime/clock.ts';
import type { AttestedNode } from '../../spiffe/attested-node.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { ChangeEvents } from '../datastore/change-events.ts';

/** What agents' records are remembered by. */
export interface RecentNodesOptions {
  /** How long a record is believed. */
  readonly maxAgeMs: number;
  readonly changes: ChangeEvents;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** When a look into the datastore began. */
export interface Look {
  /** By the monotonic clock. */
  readonly atMs: number;
  readonly changes: number;
}

/**
 * Agents' records as they were looked up not long ago (`max_attested_node_info_staleness`), for datastores to which each
 * look is a journey. What this server changes is forgotten at once; what another one changes, when it is heard of, or when
 * the time is over.
 */
export class RecentNodes implements Disposable {
  readonly #options: RecentNodesOptions;
  readonly #nodes = new Map<string, { readonly node: AttestedNode; readonly foundMs: number }>();
  readonly #unsubscribe: () => void;
  /** Changes of agents so far. */
  #changes = 0;

  constructor(options: RecentNodesOptions) {
    this.#options = options;
    this.#unsubscribe = options.changes.subscribe((change) => {
      if (change.kind !== 'node' && change.kind !== 'all') return;
      this.#changes++;
      if (change.kind === 'all') this.#nodes.clear();
      else this.#nodes.delete(change.spiffeId);
    });
  }

  /** Undefined for a record that is too old, or was never remembered. */
  find(agentId: SpiffeId): AttestedNode | undefined {
    const found = this.#nodes.get(agentId.toString());
    if (found === undefined) return undefined;
    if (this.#options.clock.monotonicMs() - found.foundMs < this.#options.maxAgeMs) return found.node;
    this.#nodes.delete(agentId.toString());
    return undefined;
  }

  /** To be called before the datastore is asked. */
  beginLook(): Look {
    return { atMs: this.#options.clock.monotonicMs(), changes: this.#changes };
  }

  /** Remembers what the look has found, unless an agent has changed meanwhile: it may not be what is stored any more. */
  remember(node: AttestedNode, { atMs, changes }: Look): void {
    if (changes === this.#changes) this.#nodes.set(node.spiffeId.toString(), { node, foundMs: atMs });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }
}
