import type { Finding } from '../findings/finding.ts';
import { EXIT_CODES, type ExitCode } from '../runtime/exit-codes.ts';
import { commandLine } from './entry-command.ts';
import type { AgentFacts, Facts, ServerAgent } from './facts.ts';

/** What was found, and what the command exits with because of it. */
export interface Judged {
  readonly finding: Finding;
  readonly exit: ExitCode;
}

/** A verdict; `isOpen` where it could not be told whether there is an identity. */
export type Opinion = Judged & { readonly isOpen?: boolean };

/**
 * What is wrong with the agent on this machine as its socket shows it; undefined if it answers, or was not asked. A
 * server that knows the only agent as banned or gone says more than an empty socket does: see {@link judgeKnownAgent}.
 */
export function judgeAnswer({ address, answer }: AgentFacts): Judged | undefined {
  const found = (code: Finding['code'], message: string, remedy: string, exit: ExitCode): Judged => ({
    finding: {
      code,
      severity: 'error',
      subject: address,
      message,
      remedy,
      ...('description' in answer && answer.description !== '' ? { evidence: [answer.description] } : {}),
    },
    exit,
  });
  switch (answer.kind) {
    case 'identities':
    case 'no identity':
    case 'not asked':
      return undefined;
    case 'absent':
      return found(
        'SPK-2201',
        'there is no such socket: the agent does not run, or listens elsewhere',
        'Start the agent, or name its socket: `--agent-socket PATH` (socket_path in its configuration).',
        EXIT_CODES.unreachable,
      );
    case 'deserted':
      return found(
        'SPK-2202',
        'the socket is left over: no agent listens on it',
        'Start the agent; its log says why it ended.',
        EXIT_CODES.unreachable,
      );
    case 'not permitted':
      return found(
        'SPK-2203',
        'this user may not open the socket',
        'Make the folders above it passable for this user (mode o+x), or mount it where the process may reach it.',
        EXIT_CODES.permission,
      );
    case 'other program':
      return found(
        'SPK-2204',
        'what listens there is no agent: it does not know the Workload API',
        "The server's socket and the agent's differ: name the agent's with `--agent-socket PATH`.",
        EXIT_CODES.unreachable,
      );
    case 'not ready':
      return found(
        'SPK-2205',
        'the agent runs and has no answer yet: it has not heard of its server, or its attestors all failed',
        "See the agent's log, and `spirekit agent healthcheck --verbose`.",
        EXIT_CODES.unreachable,
      );
    case 'silent':
      return found(
        'SPK-2206',
        'what listens there took the call and does not answer',
        'Give it longer with `--timeout 30s`, or look at its log and its load.',
        EXIT_CODES.timeout,
      );
    case 'failed':
      return found('SPK-2207', 'the agent could not be asked', "See the agent's log of this moment.", EXIT_CODES.other);
  }
}

/** What the server holds against the agent; undefined if nothing. */
export function judgeKnownAgent(facts: Facts, agent: ServerAgent | undefined): Judged | undefined {
  const { server, nowMs } = facts;
  const id = facts.agent.id;
  if (server.kind !== 'told') return undefined;
  const found = (code: Finding['code'], subject: string, message: string, remedy: string): Judged => ({
    finding: { code, severity: 'error', subject, message, remedy, evidence: evidenceOf(facts.agent) },
    exit: EXIT_CODES.noIdentity,
  });
  if (id !== undefined && !id.startsWith(`spiffe://${server.trustDomain}/`)) {
    return found(
      'SPK-2211',
      id,
      `the agent is of another trust domain than the server at ${server.address}, which is ${server.trustDomain}`,
      'Ask the server of that agent: --socket-path or --server-addr.',
    );
  }
  if (agent === undefined) {
    if (id === undefined) return undefined;
    return found(
      'SPK-2212',
      id,
      'the server does not know this agent: it was evicted or purged, never attested, or belongs to another server',
      'Attest it anew: stop it, remove agent-data.json in its data_dir, and start it (with a fresh join token, if that is how it attests).',
    );
  }
  if (agent.isBanned) {
    return found(
      'SPK-2213',
      agent.id,
      'the server has banned this agent, so it may neither renew nor fetch anything',
      `Lift the ban with ${commandLine(['agent', 'evict', '--spiffe-id', agent.id], { serverFlags: [] }) ?? '`spirekit agent evict`'}, then attest the agent anew.`,
    );
  }
  if (agent.expiresAtMs <= nowMs) {
    return found(
      'SPK-2214',
      agent.id,
      `the SVID of this agent has expired${isoTime(agent.expiresAtMs)}: it did not reach the server in time to renew it`,
      'See its log for what keeps it from the server; if it cannot attest again by itself, give it a fresh join token.',
    );
  }
  return undefined;
}

function evidenceOf({ idSource, lastSyncMs }: AgentFacts): string[] {
  return [
    ...(idSource === undefined ? [] : [`the ID of the agent is from ${idSource}`]),
    ...(lastSyncMs === undefined
      ? []
      : [`its last synchronisation${lastSyncMs === 0 ? ': never' : isoTime(lastSyncMs)}`]),
  ];
}

/** ` at 2026-01-02T03:04:05.000Z`, or nothing for what is no time. */
export function isoTime(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? ` at ${new Date(ms).toISOString()}` : '';
}
