import { constants } from 'node:os';
import type { Clock } from '../runtime/clock.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import { EXIT_CODES } from '../runtime/exit-codes.ts';
import { formatGoDuration, msToNanoseconds } from '../runtime/go-duration.ts';
import { ResourceStack } from '../runtime/resource-stack.ts';
import { ServiceManager } from '../runtime/service-manager.ts';
import { unblockUserSignal } from '../runtime/signal-mask.ts';
import { chooseIdentities, type IdentityChoice } from '../workloadapi/choose-identity.ts';
import type { WorkloadApiClient } from '../workloadapi/client.ts';
import { FeedFailures } from './feed-failures.ts';
import type { HealthAddress } from './health-address.ts';
import { type FedIdentity, IdentityFeed, type JwtAudience } from './identity-feed.ts';
import type { IdentityOutput } from './identity-output.ts';
import { Keeper } from './keeper.ts';
import { Latest } from './latest.ts';
import type { Part } from './parts.ts';
import type { SignalSource } from './process-signals.ts';
import { type HookPlan, hookReaction, type PidFilePlan, pidFileReaction, serviceReaction } from './reaction-kinds.ts';
import { type Reaction, Reactions } from './reactions.ts';
import { Readiness } from './readiness.ts';
import type { Service } from './service.ts';
import type { WatchEvent } from './watch-event.ts';

/** What is kept, where, and who is told. */
export interface KeepIdentityOptions {
  readonly client: WorkloadApiClient;
  readonly clock: Clock;
  readonly choice: IdentityChoice;
  /** Whether every identity that is meant is kept, or the first alone. */
  readonly keepsAll: boolean;
  readonly jwtAudiences: readonly JwtAudience[];
  readonly wantsJwtBundles: boolean;
  readonly output: IdentityOutput;
  /** Changes of other parts are written, and nobody is told. */
  readonly counts: ReadonlySet<Part>;
  readonly hook?: HookPlan | undefined;
  readonly pidFile?: PidFilePlan | undefined;
  /** A command that runs meanwhile: its end is ours. Disposed of here. */
  readonly service?:
    | { readonly service: Service; readonly env: (variables: Record<string, string>) => NodeJS.ProcessEnv }
    | undefined;
  readonly health?:
    | { readonly address: HealthAddress; readonly livePath: string; readonly readyPath: string }
    | undefined;
  /** Ends when all that was asked for is written and told. */
  readonly once: boolean;
  /** How long the first of it may take; 0 is for ever. */
  readonly waitMs: number;
  readonly deletesOnRevoke: boolean;
  readonly tell: (event: WatchEvent) => void;
  /** Where the service manager is found. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
  readonly signal: AbortSignal;
}

const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** What a command is told. */
const PASSED_ON: readonly NodeJS.Signals[] = [...ENDING, 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'];

/** How it came to an end. */
type Ending =
  | { readonly kind: 'signal'; readonly name: NodeJS.Signals }
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'error'; readonly error: SpirekitError };

/**
 * Keeps an identity fresh where it is written, and tells hooks, processes, a command and the service manager of changes.
 * Resolves with the exit code: that of the command; 0 when told to end by SIGTERM, or when `once` is done; 128 and the
 * number of another signal.
 *
 * @throws SpirekitError the last failure when `waitMs` are over, `deadline-exceeded` if there was none; `invalid-argument`
 *   when the agent says that it will never answer; what opening the endpoint throws
 */
export async function keepIdentity(options: KeepIdentityOptions): Promise<number> {
  const { clock, service, signals, once } = options;
  await using resources = new ResourceStack();
  const manager = await ServiceManager.find(options.env, clock);
  if (manager !== undefined) resources.use(manager);
  const tell = (event: WatchEvent): void => {
    options.tell(event);
    if (event.code !== undefined) manager?.status(event.message);
  };
  const readiness = new Readiness();
  if (options.health !== undefined) {
    const { openHealthEndpoint } = await import('./health-endpoint.ts');
    const report = (): ReturnType<Readiness['report']> => readiness.report(clock.nowMs());
    resources.use(await openHealthEndpoint({ ...options.health, report }));
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<Ending>();
  // They are listened to until nothing of the command is left.
  resources.use(
    signals.listen(service === undefined ? ENDING : PASSED_ON, (name) => {
      if (service?.service.isRunning !== true) {
        if (ENDING.includes(name)) end({ kind: 'signal', name });
      } else if (name === 'SIGTERM') {
        void service.service.stop();
      } else {
        service.service.forward(name);
      }
    }),
  );
  if (service !== undefined) {
    await unblockUserSignal();
    resources.use(service.service);
    void service.service.finished.then(({ exitCode, startFailure }) => {
      if (startFailure === undefined) {
        tell({ event: 'command-ended', message: `the command exited with ${exitCode}`, exitCode });
      } else {
        tell({ event: 'command-not-started', code: 'SPK-7107', message: startFailure, exitCode });
      }
      end({ kind: 'code', code: exitCode });
    });
  }
  const reactions = resources.use(new Reactions(reactionsOf(options, tell, manager)));
  const failures = new FeedFailures(tell);
  const feed = new Latest<FedIdentity | 'revoked'>(clock);
  const wait = startWait(options, () => end({ kind: 'error', error: waitedInVain(options, failures.lastError) }));
  const keeper = new Keeper({
    ...options,
    feed,
    reactions,
    readiness,
    tell,
    onComplete: () => {
      wait();
      void reactions.idle().then((areAllWell) => {
        manager?.ready(`keeps ${readiness.report(clock.nowMs()).spiffeId}`);
        if (once) end({ kind: 'code', code: areAllWell ? EXIT_CODES.ok : EXIT_CODES.other });
      });
    },
  });
  const identityFeed = new IdentityFeed(
    {
      ...options,
      chooseId: (context) => findFirst(context.svids, options.choice),
      onAnswer: (source) => failures.answered(source),
      onFailure: (source, error) => {
        const isRevoked = failures.failed(source, error, {
          hasIdentity: keeper.hasIdentity,
          removes: options.deletesOnRevoke,
        });
        if (isRevoked && options.deletesOnRevoke) feed.put('revoked');
      },
    },
    feed,
  );
  const stop = new AbortController();
  const onAbort = (): void => end({ kind: 'error', error: SpirekitError.from(options.signal.reason) });
  options.signal.addEventListener('abort', onAbort, { once: true });
  const failed = (cause: unknown): void => end({ kind: 'error', error: SpirekitError.from(cause) });
  const running = [identityFeed.run(stop.signal), keeper.run(stop.signal)];
  for (const run of running) run.catch(failed);
  try {
    if (options.signal.aborted) onAbort();
    const ending = await ended;
    manager?.stopping();
    return codeOf(ending, tell);
  } finally {
    wait();
    options.signal.removeEventListener('abort', onAbort);
    stop.abort(new SpirekitError('canceled', 'stopping'));
    await Promise.allSettled(running);
  }
}

function codeOf(ending: Ending, tell: (event: WatchEvent) => void): number {
  switch (ending.kind) {
    case 'code':
      return ending.code;
    case 'error':
      throw ending.error;
    case 'signal':
      tell({ event: 'stopping', message: `stopped by ${ending.name}` });
      return ending.name === 'SIGTERM' ? EXIT_CODES.ok : 128 + constants.signals[ending.name];
  }
}

function reactionsOf(
  options: KeepIdentityOptions,
  tell: (event: WatchEvent) => void,
  manager: ServiceManager | undefined,
): Reaction[] {
  const { hook, pidFile, service, clock } = options;
  const kinds: Reaction[] = [];
  if (hook !== undefined) kinds.push(hookReaction(hook, clock, tell));
  if (pidFile !== undefined) kinds.push(pidFileReaction(pidFile, tell));
  if (service !== undefined) kinds.push(serviceReaction(service, tell));
  if (manager === undefined) return kinds;
  let isFirst = true;
  const begin: Reaction = {
    async run({ spiffeId }) {
      if (!isFirst) manager.reloading(`telling of a change of ${spiffeId}`);
    },
    failed: () => undefined,
  };
  const finish: Reaction = {
    async run({ spiffeId }) {
      // The first time all that was asked for may not be there yet.
      if (!isFirst) manager.ready(`keeps ${spiffeId}`);
      isFirst = false;
    },
    failed: () => undefined,
  };
  return [begin, ...kinds, finish];
}

function findFirst(svids: Parameters<typeof chooseIdentities>[0], choice: IdentityChoice): string | undefined {
  try {
    return `${chooseIdentities(svids, choice)[0]?.id}`;
  } catch {
    return undefined;
  }
}

/** Returns what calls it off. */
function startWait({ waitMs, clock }: KeepIdentityOptions, onOver: () => void): () => void {
  return waitMs > 0 ? clock.schedule(waitMs, onOver) : () => undefined;
}

function waitedInVain({ waitMs }: KeepIdentityOptions, lastError: SpirekitError | undefined): SpirekitError {
  const words = `waited ${formatGoDuration(msToNanoseconds(waitMs))} for an identity`;
  return lastError === undefined ? new SpirekitError('deadline-exceeded', words) : prefixed(words, lastError);
}
