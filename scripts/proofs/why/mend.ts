import { ours, run } from '../../../test/support/programs.ts';
import type { Prepared } from './case.ts';
import type { Said, WhyStage } from './stage.ts';

/**
 * Runs the `entry update` that `why` printed, in a shell as a person would, and asks again: there must be an identity now.
 * Undefined if there is one, or nothing was printed; else what came of it.
 */
export async function mend(stage: WhyStage, prepared: Prepared, said: Said): Promise<string | undefined> {
  const command = /`(spirekit entry update [^`]+)`/.exec(said.remedy ?? '')?.[1];
  if (command === undefined) return undefined;
  const updated = await run('sh', ['-c', command.replace(/^spirekit/, ours.spirekit)]);
  if (updated.code !== 0) return `the command that was printed failed: ${command}: ${updated.stderr}`;
  const after = await stage.ask(prepared);
  // An identity, or one that has not reached the agent yet.
  if (after.exit === 0 || after.code === 'SPK-2003') return undefined;
  return `after ${command} it says ${after.code}: ${after.text}`;
}
