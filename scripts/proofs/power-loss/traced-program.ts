import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STRACE_ARGUMENTS } from './system-calls.ts';

/** A daemon whose system calls are written down. */
export interface TracedProgram {
  /** To be started instead of the program. */
  readonly path: string;
  readonly tracePath: string;
}

/** Wraps a program. The process that is started is the program itself, so that signals reach it. */
export function traced(program: string, work: string, name: string): TracedProgram {
  const tracePath = join(work, `${name}.trace`);
  const path = join(work, `traced-${name}`);
  writeFileSync(path, `#!/bin/sh\nexec strace ${STRACE_ARGUMENTS.join(' ')} -o ${tracePath} ${program} "$@"\n`);
  chmodSync(path, 0o755);
  return { path, tracePath };
}

/** Resolves when the trace of a program that has ended is complete: the tracer is a moment behind. */
export async function isComplete({ tracePath }: TracedProgram): Promise<void> {
  const end = /\+\+\+ exited with \d+ \+\+\+\n$/;
  while (!existsSync(tracePath) || !end.test(readFileSync(tracePath).subarray(-200).toString())) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
