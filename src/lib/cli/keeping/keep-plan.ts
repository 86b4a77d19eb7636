import { SpirekitError } from '../../runtime/errors.ts';
import { nanosecondsToMs } from '../../runtime/go-duration.ts';
import { parseHealthAddress } from '../../supervise/health-address.ts';
import type { KeepIdentityOptions } from '../../supervise/keep-identity.ts';
import { PARTS, type Part } from '../../supervise/parts.ts';
import { PidFile } from '../../supervise/pid-file.ts';
import type { ServiceOptions } from '../../supervise/service.ts';
import { parseSignalName } from '../../supervise/signal-name.ts';
import type { CommandContext } from '../command-context.ts';
import { AdvisedError } from '../failure.ts';
import type { commandFlags, keepFlags } from '../keep-flags.ts';
import { outerEnvironment } from '../outer-environment.ts';

type KeepContext = CommandContext<typeof keepFlags>;

/** What the flags say of whom to tell, and when to end. */
export type KeepPlan = Pick<
  KeepIdentityOptions,
  'hook' | 'pidFile' | 'service' | 'health' | 'once' | 'waitMs' | 'counts' | 'deletesOnRevoke'
>;

const MINUTE_MS = 60_000;

/** @throws SpirekitError `usage` for flags that do not fit each other */
export async function planKeeping(context: KeepContext): Promise<KeepPlan> {
  const { flags, given, args } = context;
  const waitMs = nanosecondsToMs(flags.wait);
  if (waitMs < 0) refuse('-wait must not be negative', 'Say 0 to wait for ever.');
  if (flags.once && args.length > 0) {
    refuse('-once and a command exclude each other', 'Use --exec for a command that is run once.');
  }
  for (const name of ['onChange', 'onExit'] as const) {
    if (given.has(name) && args.length === 0) refuse(`-${name} is about a command, and there is none`, ADD_COMMAND);
  }
  return {
    hook: planHook(context),
    pidFile: planPidFile(flags),
    service:
      args.length === 0
        ? undefined
        : await planService(context, { onExit: flags.onExit, onChange: 'restart', args: () => args.slice(1) }),
    health:
      flags.healthListen === ''
        ? undefined
        : {
            address: parseHealthAddress(flags.healthListen),
            livePath: flags.healthLivePath,
            readyPath: flags.healthReadyPath,
          },
    once: flags.once,
    waitMs: given.has('wait') ? waitMs : flags.once ? MINUTE_MS : 0,
    counts: new Set(given.has('on') ? flags.on.map(partOf) : PARTS),
    deletesOnRevoke: flags.deleteOnRevoke,
  };
}

const ADD_COMMAND = 'Put the command behind the flags: -- COMMAND ARGUMENTS.';

/** The environment of programs of others: that of our caller, and not the service manager's ear. */
export function environmentOf({ env }: Pick<CommandContext, 'env'>, more: Record<string, string>): NodeJS.ProcessEnv {
  const { NOTIFY_SOCKET: _, WATCHDOG_USEC: __, WATCHDOG_PID: ___, ...outer } = outerEnvironment(env);
  return { ...outer, ...more };
}

/** The command of the arguments, told of changes as its flags say. */
export async function planService(
  context: Pick<CommandContext<typeof commandFlags>, 'flags' | 'args' | 'clock' | 'env'>,
  plan: {
    readonly onExit: string;
    readonly onChange: ServiceOptions['onChange'];
    readonly args: ServiceOptions['args'];
  },
): Promise<NonNullable<KeepIdentityOptions['service']>> {
  const { flags, args, clock } = context;
  const { onExit } = plan;
  if (onExit !== 'exit' && onExit !== 'wait') refuse(`-onExit ${JSON.stringify(onExit)} is not exit or wait`);
  // It starts processes, which takes room that those who start none can spare.
  const { Service } = await import('../../supervise/service.ts');
  const service = new Service({
    command: args[0] ?? '',
    args: plan.args,
    clock,
    onChange: flags.onChange === '' ? plan.onChange : parseOnChange(flags.onChange),
    onExit: onExit === 'wait' ? 'wait' : 'exit',
    graceMs: nanosecondsToMs(flags.stopTimeout),
    // On a terminal Ctrl-C and job control reach the command, and it may ask for a password.
    hasOwnGroup: !process.stdin.isTTY,
  });
  return { service, env: (variables) => environmentOf(context, variables) };
}

function parseOnChange(text: string): ServiceOptions['onChange'] {
  if (text === 'restart' || text === 'none') return text;
  const name = /^signal:(.+)$/.exec(text)?.[1];
  if (name !== undefined) return parseSignalName(name);
  return refuse(`-onChange ${JSON.stringify(text)} is not restart, none or signal:NAME`);
}

function planHook(context: KeepContext): KeepPlan['hook'] {
  const { exec, execTimeout, stopTimeout } = context.flags;
  if (exec === '') return undefined;
  return {
    line: exec,
    env: (variables) => environmentOf(context, variables),
    timeoutMs: nanosecondsToMs(execTimeout),
    graceMs: nanosecondsToMs(stopTimeout),
  };
}

function planPidFile({ signal, pidFile }: KeepContext['flags']): KeepPlan['pidFile'] {
  if (signal === '' && pidFile === '') return undefined;
  if (pidFile === '') refuse('-signal is for a process, and none is named', 'Name its pid file with --pid-file.');
  if (signal === '') refuse('-pidFile names a process, and no signal for it', 'Say which with --signal, such as HUP.');
  return { file: new PidFile(pidFile), signal: parseSignalName(signal) };
}

function partOf(text: string): Part {
  return PARTS.find((part) => part === text) ?? refuse(`-on ${JSON.stringify(text)} is not x509, jwt or bundle`);
}

function refuse(message: string, advice?: string): never {
  throw advice === undefined ? new SpirekitError('usage', message) : new AdvisedError('usage', message, advice);
}
