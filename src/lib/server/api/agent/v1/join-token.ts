import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { RegistrationEntry } from '../../../../spiffe/registration-entry.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { workloadIdFromWire } from '../../../../wire/convert/spiffe-id.ts';
import type { CreateJoinTokenRequest } from '../../../../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { EntryStore } from '../../../datastore/entry-store.ts';
import type { JoinToken, JoinTokenStore } from '../../../datastore/join-token-store.ts';
import { fromStore } from '../../store-failure.ts';

/** What making a token depends on. */
export interface CreateJoinTokenDeps {
  readonly trustDomain: TrustDomain;
  readonly joinTokens: JoinTokenStore;
  readonly entries: Pick<EntryStore, 'createEntry'>;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/**
 * Makes a token, and with it an entry where the request names an identity for the agent that will use it. Error:
 * `invalid-argument`; `internal` for a token that is there already, as in SPIRE.
 */
export async function createJoinToken(deps: CreateJoinTokenDeps, request: CreateJoinTokenRequest): Promise<JoinToken> {
  if (request.ttl < 1) throw new SpirekitError('invalid-argument', 'ttl is required, you must provide one');
  const identity =
    request.agentId === undefined
      ? undefined
      : inField('invalid agent ID', () => workloadIdFromWire(deps.trustDomain, request.agentId));
  const value = request.token === '' ? randomUUID() : request.token;
  const agentId = inField('invalid token', () =>
    SpiffeId.fromSegments(deps.trustDomain, 'spire', 'agent', 'join_token', value),
  );
  const token = { value, expiresAtSeconds: Math.floor(deps.clock.nowMs() / 1000) + request.ttl };
  await fromStore('failed to create token', deps.joinTokens.createJoinToken(token));
  if (identity !== undefined) await createAlias(deps, agentId, identity, value);
  return token;
}

/** Deleting the agent recognises the entry by its shape: one selector, which names the parent. */
async function createAlias(
  { entries, joinTokens }: CreateJoinTokenDeps,
  agentId: SpiffeId,
  identity: SpiffeId,
  token: string,
): Promise<void> {
  const entry: RegistrationEntry = {
    id: '',
    spiffeId: identity,
    parentId: agentId,
    selectors: [{ type: 'spiffe_id', value: agentId.toString() }],
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    admin: false,
    downstream: false,
    expiresAtSeconds: 0,
    dnsNames: [],
    revisionNumber: 0n,
    storeSvid: false,
    hint: '',
    createdAtSeconds: 0,
  };
  try {
    await fromStore('failed to create join token registration entry', entries.createEntry(entry));
  } catch (error) {
    // Nobody was given the token yet.
    await joinTokens.takeJoinToken(token).catch(() => undefined);
    throw error;
  }
}
