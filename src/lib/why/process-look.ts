import { readFile, readlink } from 'node:fs/promises';
import { openStartTimeWatch } from '../rpc/process-watch.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { Selector } from '../spiffe/selector.ts';
import { AccountNames } from '../unixprocess/account-names.ts';
import { sha256OfFile } from '../unixprocess/executable-digest.ts';
import { parseStatusTraits, type StatusTraits } from '../unixprocess/process-traits.ts';
import { UnixWorkloadAttestor } from '../unixprocess/unix-workload-attestor.ts';
import type { Subject } from './subject.ts';

/** Options of what looks at processes. */
export interface LookOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at a process as the unix attestor of an agent does. It is the same process at the end as at the beginning.
 *
 * @throws SpirekitError `not-found` if there is none, or it ends meanwhile
 */
export async function lookAtProcess(
  pid: number,
  options: LookOptions & { readonly isCaller: boolean },
): Promise<Subject> {
  using watch = openStartTimeWatch(pid);
  if (!watch.isAlive()) throw new SpirekitError('not-found', `there is no process ${pid}`);
  try {
    const [selectors, traits, program, pidNamespace] = await Promise.all([
      new UnixWorkloadAttestor().attest(pid, options),
      lookAtStatus(pid),
      readlink(`/proc/${pid}/exe`).catch(() => undefined),
      lookAtNamespace(pid),
    ]);
    if (!watch.isAlive()) throw new SpirekitError('not-found', `process ${pid} ended while it was looked at`);
    const numberOf = (kind: string): number =>
      Number(selectors.find(({ value }) => value.startsWith(`${kind}:`))?.value.slice(kind.length + 1));
    return {
      kind: 'process',
      name: options.isCaller ? 'this process' : `pid ${pid}`,
      isCaller: options.isCaller,
      selectors,
      programSelectors: program === undefined ? [] : [{ type: 'unix', value: `path:${program}` }],
      unseenKinds: new Set(program === undefined ? ['unix:path', 'unix:sha256'] : []),
      process: { pid, program, uid: numberOf('uid'), gid: numberOf('gid'), ...traits, pidNamespace },
    };
  } catch (error) {
    if (watch.isAlive()) throw error;
    throw new SpirekitError('not-found', `process ${pid} ended while it was looked at`, { cause: error });
  }
}

/** The subject with the digest of its program, which takes time: only where an entry asks for one. */
export async function withDigest(subject: Subject, sizeLimitBytes: number, options: LookOptions): Promise<Subject> {
  const { process } = subject;
  if (process?.program === undefined || sizeLimitBytes < 0) return subject;
  try {
    // Through /proc, so that the file is the one that runs, in whichever mount namespace it lies.
    const digest = await sha256OfFile(`/proc/${process.pid}/exe`, sizeLimitBytes, options);
    const selector: Selector = { type: 'unix', value: `sha256:${digest}` };
    return { ...subject, programSelectors: [...subject.programSelectors, selector] };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (SpirekitError.from(error).code !== 'internal') throw error;
    return { ...subject, unseenKinds: new Set([...subject.unseenKinds, 'unix:sha256']) };
  }
}

/** What is known of any process of a user, without one to look at. */
export async function describeUser(uid: number, gid: number | undefined): Promise<Subject> {
  const [users, groups] = await Promise.all([
    new AccountNames('/etc/passwd').load(),
    new AccountNames('/etc/group').load(),
  ]);
  const [user, group] = [users.get(uid), gid === undefined ? undefined : groups.get(gid)];
  const values = [
    `uid:${uid}`,
    ...(user === undefined ? [] : [`user:${user}`]),
    ...(gid === undefined ? [] : [`gid:${gid}`]),
    ...(group === undefined ? [] : [`group:${group}`]),
  ];
  const unseen = ['supplementary_gid', 'supplementary_group', 'path', 'sha256'];
  if (gid === undefined) unseen.push('gid', 'group');
  return {
    kind: 'user',
    name: gid === undefined ? `uid ${uid}` : `uid ${uid}, gid ${gid}`,
    isCaller: false,
    selectors: values.map((value) => ({ type: 'unix', value })),
    programSelectors: [],
    unseenKinds: new Set(unseen.map((kind) => `unix:${kind}`)),
  };
}

/** Selectors that somebody typed. */
export function describeSelectors(selectors: readonly Selector[]): Subject {
  return {
    kind: 'selectors',
    name: 'the given selectors',
    isCaller: false,
    selectors,
    programSelectors: [],
    unseenKinds: new Set(),
  };
}

/** Throws what reading it throws. */
export async function lookAtStatus(pid: number): Promise<StatusTraits> {
  return parseStatusTraits(await readFile(`/proc/${pid}/status`, 'utf8'));
}

/** Which pid namespace a process is in; undefined where that may not be looked at. */
export async function lookAtNamespace(pid: number): Promise<string | undefined> {
  return await readlink(`/proc/${pid}/ns/pid`).catch(() => undefined);
}
