import type { JoinToken } from '../../wire/gen/spire/api/types/jointoken.ts';

/** The text of `token generate`: without a SPIFFE ID of its own the agent gets none beside the token's, so SPIRE warns. */
export function formatJoinToken(token: JoinToken, hasSpiffeId: boolean): string {
  return `Token: ${token.value}\n${hasSpiffeId ? '' : 'Warning: Missing SPIFFE ID.\n'}`;
}
