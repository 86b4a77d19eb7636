import { changesFilesOf, sendsToSocket, type TracedCall } from './traced-call.ts';

/** How far a thread has come. Everything else that it does leaves no trace behind when it is killed. */
export interface KillPosition {
  /** Calls so far that changed files. */
  readonly changes: number;
  /** Calls since the last of those that sent something to somebody. */
  readonly answers: number;
}

/** A call at whose entry the program is to be killed. */
export interface KillTarget {
  readonly call: TracedCall;
  /** The how many-th call of its name that is in the thread; from 1. */
  readonly when: number;
  readonly position: KillPosition;
  /** Whether it changes files; otherwise it sends something to somebody. */
  readonly isChange: boolean;
}

/** The calls of a run that count, and where it was killed, if it was. */
export interface TracedRun {
  readonly targets: readonly KillTarget[];
  readonly killedAt: { readonly call: TracedCall; readonly position: KillPosition } | undefined;
}

/** Finds them in the calls of a thread. */
export function readRun(calls: readonly TracedCall[], folder: string): TracedRun {
  const counts = new Map<string, number>();
  const targets: KillTarget[] = [];
  let position: KillPosition = { changes: 0, answers: 0 };
  for (const call of calls) {
    const when = (counts.get(call.name) ?? 0) + 1;
    counts.set(call.name, when);
    if (!call.isDone) return { targets, killedAt: { call, position } };
    const isChange = changesFilesOf(folder, call);
    if (!isChange && !sendsToSocket(call)) continue;
    targets.push({ call, when, position, isChange });
    const { changes, answers } = position;
    position = isChange ? { changes: changes + 1, answers: 0 } : { changes, answers: answers + 1 };
  }
  return { targets, killedAt: undefined };
}
