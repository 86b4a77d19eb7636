import { counted } from '../../runtime/counted.ts';
import type { ExpiredAgent } from '../agent-purge.ts';

/** The text of `agent purge`. */
export function formatPurge(agents: readonly ExpiredAgent[], isDryRun: boolean): string {
  if (agents.length === 0) return 'No agents to purge.\n';
  const head = `Found ${counted(agents.length, 'expired agent', 'expired agents')}\n\n`;
  if (isDryRun) return `${head}\nAgents that can be purged:\n${agents.map(idLine).join('')}`;
  const purged = agents.filter((agent) => agent.isDeleted).map(idLine);
  const others = agents
    .filter((agent) => !agent.isDeleted)
    .map((agent) => `${idLine(agent)}Error             : ${agent.error ?? ''}\n`);
  return head + section('Agents purged:', purged) + section('Agents not purged:', others);
}

/** The JSON of `agent purge`, which is no message of the API. */
export function purgeJson(agents: readonly ExpiredAgent[]): {
  expired_agents: { agent_id: string; deleted: boolean; error?: string }[];
} {
  return {
    expired_agents: agents.map(({ id, isDeleted, error }) => ({
      agent_id: id.toString(),
      deleted: isDeleted,
      ...(error === undefined ? {} : { error }),
    })),
  };
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.join('')}`;
}

function idLine(agent: ExpiredAgent): string {
  return `SPIFFE ID         : ${agent.id.toString()}\n`;
}
