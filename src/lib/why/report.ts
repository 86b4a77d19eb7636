import type { Finding } from '../findings/finding.ts';
import type { ExitCode } from '../runtime/exit-codes.ts';
import type { AgentFacts, GivenIdentity, ServerFacts } from './facts.ts';
import type { NearEntry } from './near-entry.ts';
import type { Subject } from './subject.ts';

/** Why a workload has an identity, or has none. */
export interface WhyReport {
  readonly subject: Subject;
  readonly agent: AgentFacts;
  readonly server: ServerFacts;
  readonly wantedId: string | undefined;
  /** Undefined where it cannot be told. */
  readonly hasIdentity: boolean | undefined;
  /** The one cause that has to be known, or the entry that gives the identity. */
  readonly verdict: Finding;
  readonly exit: ExitCode;
  /** What the workload has, or would have. */
  readonly identities: readonly ReportedIdentity[];
  /** The entries that come near, the nearest first. */
  readonly near: readonly NearEntry[];
  /** How many come near and are not among them. */
  readonly moreNear: number;
  /** What else is worth knowing. */
  readonly findings: readonly Finding[];
}

/** An identity and the entry that gives it. */
export interface ReportedIdentity {
  readonly spiffeId: string;
  readonly hint: string;
  /** Undefined for one that the agent gives and no entry explains (any more). */
  readonly match: NearEntry | undefined;
  /** As the agent gave it to this process; undefined where it was reckoned. */
  readonly given: GivenIdentity | undefined;
}
