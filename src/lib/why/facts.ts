import type { Selector } from '../spiffe/selector.ts';
import type { KnownEntry } from './known-entry.ts';
import type { Subject } from './subject.ts';

/** An SVID that an agent gave out. */
export interface GivenIdentity {
  readonly spiffeId: string;
  readonly hint: string;
  /** Undefined where the certificate cannot be read. */
  readonly notBeforeMs: number | undefined;
  readonly expiresAtMs: number | undefined;
}

/** What an agent's Workload API said to this process. */
export type AgentAnswer =
  | { readonly kind: 'identities'; readonly identities: readonly GivenIdentity[] }
  | { readonly kind: 'no identity'; readonly description: string }
  /** It was not asked: the question is not about this machine. */
  | { readonly kind: 'not asked' }
  | {
      /**
       * Nothing at the path; nobody listens there; this user may not open it; another program listens; the agent has no
       * answer yet; it says nothing in time; anything else.
       */
      readonly kind: 'absent' | 'deserted' | 'not permitted' | 'other program' | 'not ready' | 'silent' | 'failed';
      readonly description: string;
    };

/** What an agent's configuration tells. */
export interface AgentSettings {
  /** For people: the file. */
  readonly source: string;
  /** Names of its workload attestors, which are also the types of their selectors. */
  readonly attestors: ReadonlySet<string>;
  readonly discoversPath: boolean;
  /** The largest program that it takes the digest of, in bytes; 0 any, less than 0 none. */
  readonly sizeLimitBytes: number;
  readonly syncIntervalMs: number;
}

/** All that is known of the agent on this machine without its server. */
export interface AgentFacts {
  /** The address of its Workload API, for people. */
  readonly address: string;
  readonly answer: AgentAnswer;
  /** Undefined where nothing tells. */
  readonly id: string | undefined;
  /** For people: what told the ID. */
  readonly idSource: string | undefined;
  /** Milliseconds since the Unix epoch; 0 if never; undefined where the agent does not tell. */
  readonly lastSyncMs: number | undefined;
  readonly settings: AgentSettings | undefined;
  /** How many pid namespaces the agent is in, and which is its own; undefined where it cannot be looked at. */
  readonly namespaceDepth: number | undefined;
  readonly pidNamespace: string | undefined;
}

/** An agent as the server keeps it. */
export interface ServerAgent {
  readonly id: string;
  readonly selectors: readonly Selector[];
  readonly isBanned: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** What the server told. */
export type ServerFacts =
  | {
      readonly kind: 'told';
      readonly address: string;
      readonly trustDomain: string;
      readonly entries: readonly KnownEntry[];
      /** More there are than were looked at. */
      readonly isCutShort: boolean;
      /** The agent that was asked for, if the server knows it; those there are if none was. */
      readonly agents: readonly ServerAgent[];
      /** Agents that were looked up because entries name them as parents; undefined for those that the server does not know. */
      readonly parents: ReadonlyMap<string, ServerAgent | undefined>;
      /** Trust domains that entries federate with and that were looked up: whether the server has a root of them that counts. */
      readonly bundles: ReadonlyMap<string, boolean>;
    }
  | { readonly kind: 'unreachable' | 'refused'; readonly address: string; readonly description: string };

/** Everything that the verdict is made from. */
export interface Facts {
  readonly subject: Subject;
  /** The only SPIFFE ID that is of interest. */
  readonly wantedId: string | undefined;
  readonly agent: AgentFacts;
  readonly server: ServerFacts;
  readonly nowMs: number;
}
