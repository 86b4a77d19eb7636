import { spawn } from 'node:child_process';
import type { Summary } from './statistics.ts';
import { middleBatch, summarise } from './statistics.ts';

/** A whole process that is timed: how it is called. */
export interface TimedCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** What it must exit with; default 0. */
  readonly exit?: number;
}

/** Milliseconds from the start of a process to its end. */
export function timeProcess({ program, args, exit = 0 }: TimedCommand): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (code) => {
      const took = performance.now() - start;
      if (code === exit) resolve(took);
      else reject(new Error(`${program} ${args.join(' ')}: exit ${code}`));
    });
  });
}

/** Times commands in turn, A B A B ..., so that a change of the machine's speed meets all of them alike. */
export async function timeInterleaved(
  commands: readonly TimedCommand[],
  plan: { readonly batches: number; readonly runs: number },
): Promise<Summary[]> {
  const batches: Summary[][] = commands.map(() => []);
  for (const command of commands) await timeProcess(command);
  for (let batch = 0; batch < plan.batches; batch += 1) {
    const samples: number[][] = commands.map(() => []);
    for (let round = 0; round < plan.runs; round += 1) {
      for (const [index, command] of commands.entries()) samples[index]?.push(await timeProcess(command));
    }
    for (const [index, list] of samples.entries()) batches[index]?.push(summarise(list));
  }
  return batches.map(middleBatch);
}
