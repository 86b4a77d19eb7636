import type { Clock } from '../runtime/clock.ts';
import { changeVariables } from './change.ts';
import type { PidFile } from './pid-file.ts';
import type { Reaction } from './reactions.ts';
import type { Service, ServiceAction } from './service.ts';
import type { WatchEvent } from './watch-event.ts';

type Tell = (event: WatchEvent) => void;

/** The environment of a process of others, with the variables that tell it what has changed. */
export type MakeEnvironment = (variables: Record<string, string>) => NodeJS.ProcessEnv;

/** A line of shell that is run after each change. */
export interface HookPlan {
  readonly line: string;
  readonly env: MakeEnvironment;
  readonly timeoutMs: number;
  readonly graceMs: number;
}

/** A process that is told of each change by a signal. */
export interface PidFilePlan {
  readonly file: PidFile;
  readonly signal: NodeJS.Signals;
}

export function hookReaction(plan: HookPlan, clock: Clock, tell: Tell): Reaction {
  return {
    async run(change, signal) {
      // What starts processes takes room that those who start none can spare.
      const { runHook } = await import('./hook.ts');
      await runHook(plan.line, { ...plan, env: plan.env(changeVariables(change)), clock, signal });
      tell({ event: 'hook-ran', message: 'the command of --exec has run' });
    },
    failed: ({ message }) => tell({ event: 'hook-failed', code: 'SPK-7104', message }),
  };
}

export function pidFileReaction({ file, signal }: PidFilePlan, tell: Tell): Reaction {
  return {
    async run({ event }) {
      if (event === 'revoked') return;
      const pid = file.send(signal);
      tell({ event: 'signaled', message: `sent ${signal} to process ${pid}`, pid });
    },
    failed: ({ message }) => tell({ event: 'signal-failed', code: 'SPK-7105', message }),
  };
}

const ACTIONS: Readonly<Record<Exclude<ServiceAction, 'left'>, WatchEvent['event']>> = {
  started: 'command-started',
  restarted: 'command-restarted',
  signaled: 'command-signaled',
};

/** Without an identity the command is left alone: it would not start again. */
export function serviceReaction(
  { service, env }: { readonly service: Service; readonly env: MakeEnvironment },
  tell: Tell,
): Reaction {
  return {
    async run(change) {
      if (change.event === 'revoked') return;
      const action = await service.change(env(changeVariables(change)));
      const { pid } = service;
      // One that could not be started ends at once, which is told.
      if (action === 'left' || pid === undefined) return;
      tell({ event: ACTIONS[action], message: `the command was ${action}`, pid });
    },
    failed: ({ message }) => tell({ event: 'signal-failed', code: 'SPK-7105', message }),
  };
}
