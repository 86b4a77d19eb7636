import { EXIT_CODES } from '../runtime/exit-codes.ts';
import type { Selector } from '../spiffe/selector.ts';
import { isoTime, judgeAnswer, type Opinion } from './agent-verdict.ts';
import type { CommandStyle } from './entry-command.ts';
import type { Facts, GivenIdentity, ServerFacts } from './facts.ts';
import { makeHave } from './have.ts';
import { type Comparison, compareEntries, findGoodParent } from './identity-match.ts';
import { type EntryView, isNear, type NearEntry } from './near-entry.ts';
import { Reach } from './reach.ts';
import type { ReportedIdentity, WhyReport } from './report.ts';
import { judgeWithServer } from './server-verdict.ts';
import { sideFindings } from './side-findings.ts';

/** How much is told. */
export interface ExplainOptions extends CommandStyle {
  /** How many entries that come near are reported. */
  readonly mostNear: number;
}

type Told = Extract<ServerFacts, { kind: 'told' }>;

/** Makes up its mind why the workload has an identity or has none. Asks nobody: everything is in the facts. */
export function explain(facts: Facts, options: ExplainOptions): WhyReport {
  const { subject, agent, server, wantedId } = facts;
  const given = subject.isCaller && agent.answer.kind === 'identities' ? agent.answer.identities : undefined;
  const compared = server.kind === 'told' ? compare(facts, server, options) : undefined;
  const identities = reportIdentities(facts, given, compared?.comparison.matches ?? []);
  const wanted = identities.filter(({ spiffeId }) => wantedId === undefined || spiffeId === wantedId);
  const ofWanted = (near: NearEntry): boolean => wantedId === undefined || near.entry.spiffeId === wantedId;
  const misses = (compared?.comparison.misses ?? []).filter(ofWanted);
  const judged =
    (given !== undefined && wanted.length > 0 ? judgeGiven(facts, wanted) : undefined) ??
    (server.kind === 'told' && compared !== undefined
      ? judgeWithServer(facts, server, { view: compared.view, wanted, misses }, options)
      : judgeWithoutServer(facts, server));
  const side = sideFindings(facts, judged.finding, wanted, given);
  // An identity whose peers will not be trusted is not what somebody asks about who is content.
  const worst = judged.finding.severity === 'info' ? side.find(({ code }) => code === 'SPK-2002') : undefined;
  const shown = misses.filter((miss) => isNear(miss) || `entry ${miss.entry.id}` === judged.finding.subject);
  return {
    subject,
    agent,
    server,
    wantedId,
    hasIdentity: judged.finding.severity !== 'error' ? true : judged.isOpen === true ? undefined : false,
    verdict: worst ?? judged.finding,
    exit: judged.exit,
    identities: judged.finding.severity === 'error' && given === undefined ? [] : identities,
    near: shown.slice(0, options.mostNear),
    moreNear: Math.max(0, shown.length - options.mostNear),
    findings: worst === undefined ? side : [judged.finding, ...side.filter((finding) => finding !== worst)],
  };
}

function compare(
  facts: Facts,
  server: Told,
  options: ExplainOptions,
): { readonly view: EntryView; readonly comparison: Comparison } {
  const { subject, agent, nowMs } = facts;
  // Those that are banned or gone lead nowhere; if there are no others, they show where entries would lead.
  const alive = server.agents.filter(({ isBanned, expiresAtMs }) => !isBanned && expiresAtMs > nowMs);
  const agents = alive.length > 0 ? alive : server.agents;
  const reach = new Reach(server.entries, agents, nowMs);
  const refused = subject.isCaller && agent.answer.kind === 'no identity';
  const seesPrograms = subject.kind === 'selectors' || (agent.settings?.discoversPath ?? !refused);
  const seen: Selector[] = [...subject.selectors, ...(seesPrograms ? subject.programSelectors : [])];
  const view: EntryView = {
    reach,
    agents,
    trustDomain: server.trustDomain,
    goodParent: findGoodParent(reach, server.entries, agents),
    parents: server.parents,
    nowMs,
    showAll: options.showAll,
    have: makeHave(subject, agent.settings, { seen, showAll: options.showAll }),
  };
  return { view, comparison: compareEntries(server, view) };
}

function reportIdentities(
  { wantedId }: Facts,
  given: readonly GivenIdentity[] | undefined,
  matches: readonly NearEntry[],
): ReportedIdentity[] {
  if (given === undefined) {
    return matches
      .filter(({ entry }) => wantedId === undefined || entry.spiffeId === wantedId)
      .map((match) => ({ spiffeId: match.entry.spiffeId, hint: match.entry.wire.hint, match, given: undefined }));
  }
  const free = [...matches];
  return given.map((identity) => {
    const index = free.findIndex(
      ({ entry }) => entry.spiffeId === identity.spiffeId && entry.wire.hint === identity.hint,
    );
    const [match] = index === -1 ? [] : free.splice(index, 1);
    return { spiffeId: identity.spiffeId, hint: identity.hint, match, given: identity };
  });
}

/** The agent has given what was asked about. */
function judgeGiven({ nowMs, subject, server }: Facts, wanted: readonly ReportedIdentity[]): Opinion {
  const [first] = wanted;
  const off = wanted.find(
    ({ given }) => (given?.notBeforeMs ?? nowMs) > nowMs || (given?.expiresAtMs ?? nowMs + 1) <= nowMs,
  );
  if (off?.given !== undefined) {
    const isEarly = (off.given.notBeforeMs ?? nowMs) > nowMs;
    const edge = isoTime((isEarly ? off.given.notBeforeMs : off.given.expiresAtMs) ?? nowMs);
    return {
      finding: {
        code: 'SPK-2215',
        severity: 'error',
        subject: off.spiffeId,
        message: `the agent gives this identity, and its certificate ${isEarly ? 'begins' : 'ended'}${edge} by the clock here: the clocks of this machine and the server differ, or the agent cannot renew it`,
        remedy: 'Compare the clocks (`date -u` on both); then see the log of the agent.',
      },
      exit: EXIT_CODES.invalid,
    };
  }
  return {
    finding: {
      code: 'SPK-2001',
      severity: 'info',
      subject: first?.match === undefined ? (first?.spiffeId ?? '') : `entry ${first.match.entry.id}`,
      message:
        first?.match === undefined
          ? `the agent gives ${first?.spiffeId ?? ''} to ${subject.name}${server.kind === 'told' ? ', though no entry explains it (any more): it was changed or removed moments ago' : ''}`
          : `gives ${first.spiffeId} to ${subject.name}: all of its selectors are met, and the agent serves it`,
    },
    exit: EXIT_CODES.ok,
  };
}

function judgeWithoutServer(facts: Facts, server: ServerFacts): Opinion {
  const { agent, subject, wantedId } = facts;
  const ofAgent = judgeAnswer(agent);
  if (ofAgent !== undefined) return ofAgent;
  const evidence = server.kind === 'told' ? [] : [server.description];
  const remedy =
    'Run this where the server runs, or as its admin over the network: `--server-addr HOST:PORT` (`spirekit why --help`).';
  if (subject.isCaller && agent.answer.kind !== 'not asked') {
    const what = wantedId === undefined ? 'no identity' : `no ${wantedId}`;
    return {
      finding: {
        code: 'SPK-2301',
        severity: 'error',
        subject: agent.address,
        message: `the agent runs and has ${what} for ${subject.name}; which entries come near only the server can tell, and ${server.address} cannot be asked`,
        evidence,
        remedy,
      },
      exit: EXIT_CODES.noIdentity,
    };
  }
  return {
    finding: {
      code: 'SPK-2302',
      severity: 'error',
      subject: server.address,
      message: `the server cannot be asked which entries there are, so nothing can be told of ${subject.name}`,
      evidence,
      remedy,
    },
    exit: server.kind === 'refused' ? EXIT_CODES.permission : EXIT_CODES.unreachable,
    isOpen: true,
  };
}
