import type { AuthorityLook } from './authority-look.ts';
import type { Dependents } from './dependents.ts';
import { hasReached, type RotationState } from './rotation-phase.ts';

/** What is known beside what the server says now. Times are in milliseconds since the Unix epoch. */
export interface RotationKnowledge {
  /** From then on at the latest the successor was prepared. */
  readonly preparedAtMs?: number | undefined;
  /** From then on at the latest the target signed nothing any more. */
  readonly activatedAtMs?: number | undefined;
  /** Whether {@link activatedAtMs} is more than the moment of a first look. */
  readonly isActivationKnown?: boolean | undefined;
  readonly taintedAtMs?: number | undefined;
  /** Serial numbers that agents had when the target may still have signed; undefined if nobody looked. */
  readonly serialsThen?: ReadonlyMap<string, string> | undefined;
  /** Lifetime of SVIDs of entries that say nothing of it, in seconds; `cut` if the server shortens it to the authority's end. */
  readonly defaultTtlSeconds?: number | 'cut' | undefined;
  /** The server's `agent_ttl`, in seconds. */
  readonly agentTtlSeconds?: number | undefined;
  /** How long a change of the bundle takes to be known everywhere, in place of an estimate. */
  readonly spreadMs?: number | undefined;
  /** How long after the taint all SVIDs count as replaced, whatever is left of the lives of the former. */
  readonly settleMs?: number | undefined;
}

/** What one process has seen of a rotation while it went on: the server keeps no times. */
export class RotationMemory {
  readonly #given: RotationKnowledge;
  #preparedAtMs: number | undefined;
  #activatedAtMs: number | undefined;
  #hasSeenActive = false;
  #taintedAtMs: number | undefined;
  #preparedId: string | undefined;
  #serialsThen: Map<string, string> | undefined;

  /** @param given what the command line said; it counts before what is seen */
  constructor(given: RotationKnowledge) {
    this.#given = given;
  }

  /** Notes the moment of a look. */
  note({ atMs }: AuthorityLook, { phase, prepared }: RotationState): void {
    if (prepared?.authorityId !== this.#preparedId) {
      this.#preparedId = prepared?.authorityId;
      this.#preparedAtMs = prepared === undefined ? this.#preparedAtMs : atMs;
    }
    this.#hasSeenActive ||= !hasReached(phase, 'activated');
    if (hasReached(phase, 'activated')) this.#activatedAtMs ??= atMs;
    if (hasReached(phase, 'tainted')) this.#taintedAtMs ??= atMs;
  }

  /** Notes which SVIDs agents have when the target signs no more: any that comes later is of its successor. */
  noteAgents({ agents }: Dependents): void {
    if (this.#activatedAtMs === undefined) return;
    this.#serialsThen ??= new Map(agents.map(({ id, serialNumber }) => [id, serialNumber]));
  }

  /** Learned after its making: the default lifetime, measured once. */
  defaultTtlSeconds: number | 'cut' | undefined;

  get knowledge(): RotationKnowledge {
    return {
      ...this.#given,
      preparedAtMs: this.#given.preparedAtMs ?? this.#preparedAtMs,
      activatedAtMs: this.#given.activatedAtMs ?? this.#activatedAtMs,
      isActivationKnown: this.#given.activatedAtMs !== undefined || this.#hasSeenActive,
      taintedAtMs: this.#taintedAtMs,
      serialsThen: this.#serialsThen,
      defaultTtlSeconds: this.#given.defaultTtlSeconds ?? this.defaultTtlSeconds,
    };
  }
}
