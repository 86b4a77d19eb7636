import type { AgentConfig } from '../config/agent/agent-config.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { AgentEnd } from './agent-end.ts';
import { RebootstrapNeeded } from './bootstrap/rebootstrap.ts';
import { findCause } from './client/find-cause.ts';
import { findRefusal } from './client/refusal.ts';
import { isUnknownAuthority } from './client/server-authentication.ts';

/** What of the configuration a remedy names. */
export type RemedyConfig = Pick<AgentConfig, 'serverAddress' | 'serverPort' | 'dataDir' | 'trustBundle'>;

const NEW_TOKEN = 'start it with a new join token (on the server: spire-server token generate)';

/** What an operator can do about an agent that has ended with an error, in one line; undefined if the error says it all. */
export function findRemedy(error: unknown, config: RemedyConfig): string | undefined {
  const end = findCause(error, (cause) => (cause instanceof AgentEnd ? cause : undefined));
  if (end !== undefined) return remedyForEnd(end);
  const { code, message } = SpirekitError.from(error);
  if (findCause(error, (cause) => (cause instanceof RebootstrapNeeded ? cause : undefined)) !== undefined) {
    return 'Start it again: it asks for the bundle of the trust domain anew';
  }
  if (findRefusal(error) === 'banned') {
    return `spire-server agent list -banned true names it and spire-server agent evict -spiffeID ID lifts the ban; then ${NEW_TOKEN}`;
  }
  if (isUnknownAuthority(error)) return remedyForStranger(config);
  if (message.includes('join token')) return `This agent has no valid SVID and needs to attest: ${NEW_TOKEN}`;
  if (code === 'unavailable' || code === 'deadline-exceeded') {
    const server = `${config.serverAddress}:${config.serverPort}`;
    return `See to it that the server runs (there: spire-server healthcheck) and that this machine reaches ${server}, then start the agent again: what it has on disk is kept`;
  }
  return undefined;
}

function remedyForEnd({ reason, agentId, canReattest }: AgentEnd): string {
  const startAgain = canReattest ? 'start it again, it attests anew' : NEW_TOKEN;
  switch (reason) {
    case 'banned':
      return `If it may come back: spire-server agent evict -spiffeID ${agentId} lifts the ban; then ${startAgain}`;
    case 'not-attested':
      return `The server does not know ${agentId}: it was evicted, or the server's data is not what it was. If it may come back: ${startAgain}`;
    case 'not-active':
      return `Another agent goes by ${agentId}, so the data of one was copied or restored from a backup: remove the copy's data_dir and ${startAgain}`;
    case 'expired':
    case 'must-reattest':
    case 'svid-expired':
      return canReattest
        ? 'Mend what attesting again failed with, then start it again'
        : `Its SVID cannot be renewed any more: ${NEW_TOKEN}`;
  }
}

/** The agent cannot tell a server that was set up anew from somebody in between, so a person has to. */
function remedyForStranger({ dataDir, trustBundle }: RemedyConfig): string {
  const place = trustBundle.kind === 'file' ? trustBundle.path : 'where the agent takes its first bundle from';
  return `If the server was set up anew or has lost its keys: put what spire-server bundle show prints there to ${place}, move ${dataDir}/agent-data.json away and ${NEW_TOKEN}. If not, somebody else answers in its place`;
}
