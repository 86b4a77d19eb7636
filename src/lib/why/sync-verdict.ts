import { EXIT_CODES } from '../runtime/exit-codes.ts';
import { isoTime, type Judged } from './agent-verdict.ts';
import type { AgentFacts, Facts } from './facts.ts';
import type { NearEntry } from './near-entry.ts';

/** What agents do unless told otherwise. */
const DEFAULT_SYNC_INTERVAL_MS = 5_000;
/** A server reads its entries anew this often; with that and a second for each end, news may be this late. */
const SERVER_DELAY_MS = 10_000;

/** How long ago the agent last heard from its server, if that is longer than it should be. */
export function staleForMs({ lastSyncMs, settings }: AgentFacts, nowMs: number): number | undefined {
  if (lastSyncMs === undefined) return undefined;
  const age = nowMs - lastSyncMs;
  return age > 3 * (settings?.syncIntervalMs ?? DEFAULT_SYNC_INTERVAL_MS) + 5_000 ? age : undefined;
}

/**
 * Why the workload has nothing although entries match: the agent has not heard of them. Undefined if there is no reason to
 * think so.
 *
 * @param matches not empty
 */
export function judgeSync(facts: Facts, matches: readonly NearEntry[]): Judged | undefined {
  const { agent, subject, nowMs } = facts;
  const { lastSyncMs } = agent;
  const isRefused = subject.isCaller && agent.answer.kind === 'no identity';
  const isUnheard =
    lastSyncMs !== undefined && matches.every(({ entry }) => Number(entry.wire.createdAt) * 1000 > lastSyncMs);
  const [first] = matches;
  if (first === undefined || (!isRefused && !isUnheard)) return undefined;
  const subjectText = `entry ${first.entry.id}`;
  const evidence = [
    `it was made${isoTime(Number(first.entry.wire.createdAt) * 1000)}`,
    ...(lastSyncMs === undefined
      ? []
      : [`the agent last heard from its server${lastSyncMs === 0 ? ': never' : isoTime(lastSyncMs)}`]),
  ];
  const exit = EXIT_CODES.noIdentity;
  const staleMs = staleForMs(agent, nowMs);
  if (staleMs !== undefined) {
    const message = `gives ${first.entry.spiffeId} and matches, but the agent has not heard from its server for ${seconds(staleMs)}`;
    const remedy =
      "See the agent's log for what keeps it from the server: address, port, network, or a clock that is off.";
    return { finding: { code: 'SPK-2210', severity: 'error', subject: subjectText, message, evidence, remedy }, exit };
  }
  const youngMs = 2 * (agent.settings?.syncIntervalMs ?? DEFAULT_SYNC_INTERVAL_MS) + SERVER_DELAY_MS;
  const youngest = Math.min(...matches.map(({ entry }) => nowMs - Number(entry.wire.createdAt) * 1000));
  if (youngest <= youngMs) {
    const message = `gives ${first.entry.spiffeId} and matches, but was made ${seconds(Math.max(0, youngest))} ago and has not reached the agent yet`;
    const remedy = `Wait: it takes up to ${seconds(youngMs)}. \`spirekit api fetch x509 --wait 60s\` waits by itself.`;
    return { finding: { code: 'SPK-2003', severity: 'error', subject: subjectText, message, evidence, remedy }, exit };
  }
  const message = `gives ${first.entry.spiffeId} and matches by all that can be seen here, but the agent has nothing for this process`;
  const remedy =
    "If it was changed moments ago, wait some seconds. Else see the agent's log: it may see the process otherwise, or be another agent than the one named here.";
  return { finding: { code: 'SPK-2217', severity: 'error', subject: subjectText, message, evidence, remedy }, exit };
}

/** For people: `3 s`, `12 min`, `5 h`, `2 days`. */
export function seconds(ms: number): string {
  const s = Math.round(ms / 1000);
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} days`;
}
