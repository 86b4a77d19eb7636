import type { Selector } from '../spiffe/selector.ts';

/** What is known of the workload that is asked about, as agents would see it. */
export interface Subject {
  /** A process that was looked at, a user of whom no process was, or selectors somebody typed. */
  readonly kind: 'process' | 'user' | 'selectors';
  /** For people: `this process`, `pid 4242`, `uid 1001`, `the given selectors`. */
  readonly name: string;
  /** The process is the one that asks, so what its agent answers is the answer. */
  readonly isCaller: boolean;
  /** What an agent's attestors certainly say of it. */
  readonly selectors: readonly Selector[];
  /** What the unix attestor says beside with `discover_workload_path`: `path`, and `sha256` once it was taken. */
  readonly programSelectors: readonly Selector[];
  /** Kinds of selectors that may exist and could not be looked at, such as `unix:supplementary_gid` of a user. */
  readonly unseenKinds: ReadonlySet<string>;
  readonly process?: ProcessTraits | undefined;
}

/** What a process says of itself beside its selectors. */
export interface ProcessTraits {
  readonly pid: number;
  /** Of its program; undefined where it may not be looked at. */
  readonly program: string | undefined;
  readonly uid: number;
  readonly gid: number;
  /** Differ from the effective ones where a program runs with the rights of another user (setuid). */
  readonly realUid: number;
  readonly realGid: number;
  /** How many pid namespaces it is in, seen from here: 1 for one that is in ours alone. */
  readonly namespaceDepth: number;
  /** The inode of its pid namespace; undefined where it may not be looked at. */
  readonly pidNamespace: string | undefined;
}

/** The words before the value: `unix:uid` of `unix:uid:1000`, `k8s:pod-label` of `k8s:pod-label:app:web`. */
export function kindOf({ type, value }: Selector): string {
  const colon = value.indexOf(':');
  return colon === -1 ? type : `${type}:${value.slice(0, colon)}`;
}

/** What follows the kind. */
export function valueAfterKind({ value }: Selector): string {
  return value.slice(value.indexOf(':') + 1);
}
