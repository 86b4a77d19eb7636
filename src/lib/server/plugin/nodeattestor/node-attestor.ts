import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';

/** What a node attestor found out about an agent. */
export interface AttestResult {
  readonly agentId: SpiffeId;
  /** Values without the type: the type of a node selector is the name of its attestor. */
  readonly selectorValues: readonly string[];
  /** Whether the same proof may be used again, so that an agent may attest anew when it was evicted or expired. */
  readonly canReattest: boolean;
  /**
   * The join token that this proof is. It is used up in the same step that records the agent, so that no crash leaves a
   * used token without its agent, or an agent whose token still works.
   */
  readonly joinToken?: string | undefined;
}

/** Sends a challenge to the agent and resolves with its answer. */
export type ChallengeAgent = (challenge: Uint8Array) => Promise<Uint8Array>;

/** What is known of the call by which an agent attests. */
export interface AttestOptions {
  readonly signal?: AbortSignal | undefined;
  /** The IP address that the agent calls from; absent where that means nothing. */
  readonly clientAddress?: string | undefined;
}

/** Verifies the proof that an agent sends with its first call. */
export interface NodeAttestor {
  /** The name in the configuration and the type in the attestation data, such as `join_token`. */
  readonly name: string;
  /**
   * Throws `invalid-argument` or `permission-denied` with a sentence for the agent where the proof does not hold. The
   * payload comes from anybody: no caller of this is authenticated.
   */
  attest(payload: Uint8Array, challenge: ChallengeAgent, options: AttestOptions): Promise<AttestResult>;
}

/** Finds a node attestor of the configuration by its name. */
export interface NodeAttestorCatalog {
  findNodeAttestor(name: string): NodeAttestor | undefined;
}
