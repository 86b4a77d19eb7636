import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type { JoinTokenStore } from '../../../datastore/join-token-store.ts';
import type { AttestResult, NodeAttestor } from '../node-attestor.ts';

/** Far longer than any token that fits into a SPIFFE ID. */
const LONGEST_TOKEN_BYTES = 2048;

/**
 * Attests an agent by a token that the server gave out before. The payload is the token itself. Whoever records the agent
 * uses it up in the same step, so that of agents with the same token at the same time exactly one gets in; an expired
 * token is used up by the attempt.
 */
export class JoinTokenAttestor implements NodeAttestor {
  readonly name = 'join_token';
  readonly #deps: JoinTokenAttestorDeps;

  constructor(deps: JoinTokenAttestorDeps) {
    this.#deps = deps;
  }

  /** Throws `invalid-argument` with SPIRE's sentence for a token that is unknown, used or expired. */
  async attest(payload: Uint8Array): Promise<AttestResult> {
    const { trustDomain, joinTokens, clock } = this.#deps;
    const agentId = findAgentId(trustDomain, payload);
    const token = agentId && (await joinTokens.findJoinToken(agentId.token));
    if (agentId === undefined || token === undefined) throw unknownJoinToken();
    if (token.expiresAtSeconds * 1000 < clock.nowMs()) {
      await joinTokens.takeJoinToken(token.value);
      throw new SpirekitError('invalid-argument', 'join token expired');
    }
    return { agentId: agentId.id, selectorValues: [], canReattest: false, joinToken: token.value };
  }
}

/** What an agent is told whose token is none, any more or at all. The sentence is SPIRE's. */
export function unknownJoinToken(cause?: unknown): SpirekitError {
  const sentence = 'failed to attest: join token does not exist or has already been used';
  return new SpirekitError('invalid-argument', sentence, { cause });
}

/** What the attestor depends on. */
export interface JoinTokenAttestorDeps {
  readonly trustDomain: TrustDomain;
  readonly joinTokens: Pick<JoinTokenStore, 'findJoinToken' | 'takeJoinToken'>;
  readonly clock: Clock;
}

/** Undefined for bytes that can be no token, since no agent ID can be made of them. */
function findAgentId(trustDomain: TrustDomain, payload: Uint8Array): { id: SpiffeId; token: string } | undefined {
  if (payload.length > LONGEST_TOKEN_BYTES) return undefined;
  try {
    const token = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
    return { id: SpiffeId.fromSegments(trustDomain, 'spire', 'agent', 'join_token', token), token };
  } catch {
    return undefined;
  }
}
