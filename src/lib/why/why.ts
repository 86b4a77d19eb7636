import type { RpcClient, RpcTarget } from '../rpc/client.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { askAdminSocket, askAgent, type CallOptions, findListener } from './agent-look.ts';
import { type AgentConfiguration, type AgentFile, findAgentFile, readAgentSettings } from './agent-settings.ts';
import { type ExplainOptions, explain } from './explain.ts';
import type { AgentAnswer, AgentFacts, Facts, ServerFacts } from './facts.ts';
import { isAgentId } from './known-entry.ts';
import { lookAtNamespace, lookAtStatus, withDigest } from './process-look.ts';
import type { WhyReport } from './report.ts';
import { ServerLook } from './server-look.ts';
import { findStoredAgentId } from './stored-agent-id.ts';
import { kindOf, type Subject } from './subject.ts';

/** What is asked, and whom to ask. */
export interface Question {
  readonly subject: Subject;
  readonly wantedId: string | undefined;
  readonly agent: {
    readonly target: RpcTarget;
    /** For people. */
    readonly address: string;
    /** False where the question is not about this machine. */
    readonly isAsked: boolean;
    /** What was typed; wins over what is found. */
    readonly id: string | undefined;
    readonly adminTarget: RpcTarget | undefined;
    /** Tried where neither the command line nor the agent's file names one. */
    readonly usualAdminTarget: RpcTarget;
    readonly file: AgentFile | undefined;
  };
  readonly server: {
    readonly address: string;
    /** Owned by the caller; or why there is none. */
    readonly connection: RpcClient | SpirekitError;
  };
}

/** How it is asked. */
export interface AskOptions extends CallOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** So many of the nearest entries have their parents and bundles looked up. */
const MOST_LOOKED_UP = 20;

/**
 * Looks at process, agent and server, and makes up its mind.
 *
 * @throws SpirekitError what ends the signal; `invalid-config` for a file of the agent that was named and cannot be read
 */
export async function why(question: Question, ask: AskOptions, options: ExplainOptions): Promise<WhyReport> {
  const { connection } = question.server;
  const local = lookAtAgent(question, ask);
  const look =
    connection instanceof SpirekitError ? undefined : new ServerLook(connection, question.server.address, ask);
  const remote = look === undefined ? withoutServer(question) : look.look(local.then(({ id }) => id));
  const [agent, server] = await Promise.all([local, remote]);
  const facts: Facts = {
    subject: await withProgram(question.subject, agent, server, ask),
    wantedId: question.wantedId,
    agent: withOnlyAgent(agent, server),
    server,
    nowMs: ask.clock.nowMs(),
  };
  const report = explain(facts, options);
  if (look === undefined || server.kind !== 'told') return report;
  const nearest = report.near.slice(0, MOST_LOOKED_UP).map(({ entry }) => entry);
  const given = report.identities
    .slice(0, MOST_LOOKED_UP)
    .flatMap(({ match }) => match?.entry.wire.federatesWith ?? []);
  const parents = new Set(nearest.map(({ parentId }) => parentId).filter((id) => isAgentId(id)));
  const domains = new Set(given.slice(0, MOST_LOOKED_UP));
  if (parents.size === 0 && domains.size === 0) return report;
  return explain(
    { ...facts, server: await look.lookUp(server, { agentIds: parents, trustDomains: domains, nowMs: facts.nowMs }) },
    options,
  );
}

function withoutServer({ server: { address, connection } }: Question): ServerFacts {
  const description = connection instanceof SpirekitError ? connection.message : '';
  return { kind: 'unreachable', address, description };
}

async function lookAtAgent({ agent, subject }: Question, ask: AskOptions): Promise<AgentFacts> {
  const answer: AgentAnswer = agent.isAsked ? await askAgent(agent.target, ask) : { kind: 'not asked' };
  const isAgent = ['identities', 'no identity', 'not ready'].includes(answer.kind);
  const isAnswered = isAgent || answer.kind === 'other program' || answer.kind === 'failed';
  const listener = isAnswered ? await findListener(agent.target, ask) : undefined;
  const settings = await findSettings(agent.file, isAgent ? listener : undefined, ask);
  const isLooked = isAgent || agent.adminTarget !== undefined || agent.file !== undefined;
  const adminTarget = agent.adminTarget ?? adminTargetOf(settings) ?? agent.usualAdminTarget;
  const info = isLooked ? await askAdminSocket(adminTarget, ask) : undefined;
  const stored =
    settings === undefined || info?.id !== undefined ? undefined : await findStoredAgentId(settings.dataDir);
  const id = agent.id ?? info?.id ?? stored;
  const source =
    agent.id !== undefined ? 'the command line' : info?.id !== undefined ? 'its admin socket' : 'its stored data';
  const isOfThisMachine = subject.process !== undefined && listener !== undefined;
  return {
    address: agent.address,
    answer,
    id,
    idSource: id === undefined ? undefined : source,
    lastSyncMs: info?.lastSyncMs,
    settings,
    namespaceDepth: isOfThisMachine ? await depthOf(listener) : undefined,
    pidNamespace: isOfThisMachine ? await lookAtNamespace(listener) : undefined,
  };
}

async function depthOf(pid: number): Promise<number | undefined> {
  return await lookAtStatus(pid).then(
    ({ namespaceDepth }) => namespaceDepth,
    () => undefined,
  );
}

async function findSettings(
  named: AgentFile | undefined,
  listener: number | undefined,
  ask: AskOptions,
): Promise<AgentConfiguration | undefined> {
  if (named !== undefined) return await readAgentSettings(named, ask);
  const file = listener === undefined ? undefined : await findAgentFile(listener);
  if (file === undefined) return undefined;
  // Found by ourselves: a file that cannot be read tells nothing.
  return await readAgentSettings(file, ask).catch(() => {
    ask.signal.throwIfAborted();
    return undefined;
  });
}

function adminTargetOf(settings: AgentConfiguration | undefined): RpcTarget | undefined {
  return settings?.adminSocketPath === undefined ? undefined : { kind: 'unix', path: settings.adminSocketPath };
}

/** A server with one agent leaves no doubt which it is. */
function withOnlyAgent(agent: AgentFacts, server: ServerFacts): AgentFacts {
  if (agent.id !== undefined || server.kind !== 'told') return agent;
  const [only, ...others] = server.agents;
  if (only === undefined || others.length > 0) return agent;
  return { ...agent, id: only.id, idSource: 'the server, which has no other agent' };
}

async function withProgram(
  subject: Subject,
  { settings }: AgentFacts,
  server: ServerFacts,
  ask: AskOptions,
): Promise<Subject> {
  const isAsked =
    server.kind === 'told' &&
    settings?.discoversPath !== false &&
    server.entries.some(({ selectors }) => selectors.some((selector) => kindOf(selector) === 'unix:sha256'));
  return isAsked ? await withDigest(subject, settings?.sizeLimitBytes ?? 0, ask) : subject;
}
