import type { Finding } from '../findings/finding.ts';
import { EXIT_CODES } from '../runtime/exit-codes.ts';
import { judgeAnswer, judgeKnownAgent, type Opinion } from './agent-verdict.ts';
import { adviseCreate, type CommandStyle, remedyOf } from './entry-command.ts';
import type { Facts, ServerAgent, ServerFacts } from './facts.ts';
import { isAgentId } from './known-entry.ts';
import { type EntryView, isUnrelated, type NearEntry } from './near-entry.ts';
import { nearestId } from './parent-gap.ts';
import { Reach } from './reach.ts';
import type { ReportedIdentity } from './report.ts';
import { showSelector } from './shown-selectors.ts';
import { judgeSync } from './sync-verdict.ts';

type Told = Extract<ServerFacts, { kind: 'told' }>;

/** What is judged with the entries of the server. */
export interface Ground {
  readonly view: EntryView;
  /** Identities of interest that the workload has or would have. */
  readonly wanted: readonly ReportedIdentity[];
  /** Entries of interest that do not match, the nearest first. */
  readonly misses: readonly NearEntry[];
}

/** In the order in which causes hide others: the socket, the agent, the process, the entries. */
export function judgeWithServer(facts: Facts, server: Told, ground: Ground, style: CommandStyle): Opinion {
  const { agent, wantedId } = facts;
  const only = server.agents.length === 1 ? server.agents[0] : undefined;
  const ofAgent = judgeKnownAgent(facts, only);
  const ofAnswer = judgeAnswer(agent);
  const ofNamespaces = judgeNamespaces(facts);
  // What such an agent answers differs; that it cannot see the process explains it.
  if (ofAnswer !== undefined && ofNamespaces === undefined) {
    // A banned or evicted agent ends: that it is gone is then only what follows.
    const isDown = ['absent', 'deserted', 'not ready', 'failed'].includes(agent.answer.kind);
    if (!isDown || ofAgent === undefined) return ofAnswer;
    const evidence = [...(ofAgent.finding.evidence ?? []), `${ofAnswer.finding.subject}: ${ofAnswer.finding.message}`];
    return { ...ofAgent, finding: { ...ofAgent.finding, evidence } };
  }
  return (
    ofAgent ??
    ofNamespaces ??
    judgeQuestion(facts, server, ground) ??
    (ground.wanted.length > 0 ? judgeMatches(facts, server, ground) : judgeMisses(facts, ground, style, wantedId))
  );
}

/** An agent sees processes of its own pid namespace and those below it. */
function judgeNamespaces({ agent, subject }: Facts): Opinion | undefined {
  const { process } = subject;
  if (process === undefined || agent.namespaceDepth === undefined || agent.pidNamespace === undefined) return undefined;
  const isElsewhere = process.pidNamespace !== undefined && process.pidNamespace !== agent.pidNamespace;
  if (!isElsewhere || process.namespaceDepth > agent.namespaceDepth) return undefined;
  return {
    finding: {
      code: 'SPK-2102',
      severity: 'error',
      subject: subject.name,
      message: 'the agent runs in another pid namespace (a container of its own) and cannot see this process',
      evidence: [`the process is in ${process.pidNamespace}, the agent in ${agent.pidNamespace}`],
      remedy: "Run the agent in the host's pid namespace (hostPID: true in Kubernetes, --pid=host in Docker).",
    },
    exit: EXIT_CODES.noIdentity,
  };
}

/** What makes looking at single entries pointless. */
function judgeQuestion({ wantedId }: Facts, server: Told, { view, wanted, misses }: Ground): Opinion | undefined {
  const found = (code: Finding['code'], subject: string, message: string, remedy: string): Opinion => ({
    finding: { code, severity: 'error', subject, message, remedy },
    exit: EXIT_CODES.noIdentity,
  });
  if (wantedId !== undefined && !wantedId.startsWith(`spiffe://${server.trustDomain}/`)) {
    return found(
      'SPK-2403',
      wantedId,
      `this ID is of another trust domain than the server at ${server.address}, which is ${server.trustDomain}`,
      `Ask the server of that trust domain, or register it as spiffe://${server.trustDomain}/...`,
    );
  }
  if (server.entries.length === 0) {
    return found(
      'SPK-2401',
      server.address,
      'the server has no entries at all',
      'Make one: `spirekit entry create --help`.',
    );
  }
  if (server.agents.length === 0) {
    return found(
      'SPK-2216',
      server.address,
      'no agent has attested to this server',
      'Start an agent; `spirekit token generate` makes a join token.',
    );
  }
  if (wantedId === undefined || wanted.length > 0 || misses.length > 0) return undefined;
  if (isAgentId(wantedId)) {
    return found(
      'SPK-2405',
      wantedId,
      'this is the ID of an agent, which no workload gets',
      'Ask for the ID of a workload.',
    );
  }
  const near = nearestId(wantedId, view.reach.spiffeIds);
  return found(
    'SPK-2402',
    wantedId,
    `no entry gives this ID${near === undefined ? '' : `; one gives ${near}`}`,
    near === undefined
      ? 'Register it: `spirekit entry create --help`.'
      : 'If that is meant, ask for it; else register this one: `spirekit entry create --help`.',
  );
}

/** Entries match: there is an identity unless the agent has not heard of it. */
function judgeMatches(facts: Facts, server: Told, { wanted, view }: Ground): Opinion {
  const { subject } = facts;
  const matches = wanted.flatMap(({ match }) => match ?? []);
  const late = judgeSync(facts, matches);
  if (late !== undefined) return late;
  const [first] = matches;
  if (view.agents.length > 1 && subject.kind !== 'selectors' && first !== undefined) {
    const { entry } = first;
    const serving = agentsThatServe(server, view.agents, first, facts.nowMs);
    if (serving.length < view.agents.length) {
      return {
        finding: {
          code: 'SPK-2208',
          severity: 'error',
          subject: `entry ${entry.id}`,
          message: `gives ${entry.spiffeId} and its selectors match, but only ${serving.length} of the ${view.agents.length} agents are given it, and nothing tells which agent is the one here`,
          evidence: serving.slice(0, 3).map(({ id }) => `given to ${id}`),
          remedy:
            'Name the agent: `--agent-id ID` (`spirekit agent list`), or its admin socket: `--admin-socket PATH`.',
        },
        exit: EXIT_CODES.noIdentity,
        isOpen: true,
      };
    }
  }
  return {
    finding: {
      code: 'SPK-2001',
      severity: 'info',
      subject: `entry ${first?.entry.id ?? ''}`,
      message: `gives ${first?.entry.spiffeId ?? ''} to ${subject.name}: all of its selectors are met, and its parent ${first?.entry.parentId ?? ''} leads to ${view.agents.length === 1 ? `the agent ${view.agents[0]?.id ?? ''}` : 'an agent'}`,
    },
    exit: EXIT_CODES.ok,
  };
}

/** More agents are not tried one by one. */
const MOST_AGENTS_TRIED = 200;

function agentsThatServe(
  server: Told,
  agents: readonly ServerAgent[],
  { entry }: NearEntry,
  nowMs: number,
): ServerAgent[] {
  return agents.slice(0, MOST_AGENTS_TRIED).filter((agent) => new Reach(server.entries, [agent], nowMs).leadsTo(entry));
}

function judgeMisses(
  facts: Facts,
  { misses, view }: Ground,
  style: CommandStyle,
  wantedId: string | undefined,
): Opinion {
  const [nearest] = misses;
  const exit = EXIT_CODES.noIdentity;
  const { subject } = facts;
  const [obstacle] = nearest?.obstacles ?? [];
  if (nearest === undefined || obstacle === undefined || (wantedId === undefined && isUnrelated(nearest))) {
    const parentId = view.goodParent;
    const selectors = subject.selectors.filter(({ type, value }) => type !== 'unix' || value.startsWith('uid:'));
    const spiffeId = wantedId ?? `spiffe://${view.trustDomain}/NAME`;
    const command = parentId === undefined ? undefined : adviseCreate({ spiffeId, parentId, selectors }, style);
    return {
      finding: {
        code: 'SPK-2404',
        severity: 'error',
        subject: subject.name,
        message: `no entry of the server comes near this workload`,
        evidence: subject.selectors.slice(0, 8).map((selector) => `it has ${showSelector(selector, style.showAll)}`),
        remedy: command === undefined ? 'Register it: `spirekit entry create --help`.' : `Register it: ${command}`,
      },
      exit,
    };
  }
  const { entry } = nearest;
  return {
    finding: {
      code: obstacle.code,
      severity: 'error',
      subject: `entry ${entry.id}`,
      message: `gives ${entry.spiffeId}; ${obstacle.message}`,
      evidence: nearest.obstacles.slice(1).map(({ message }) => `besides, it ${message.replace(/^it /, '')}`),
      ...remedyOf(nearest, style),
    },
    exit,
  };
}
