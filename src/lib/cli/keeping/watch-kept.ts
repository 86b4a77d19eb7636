import { SpirekitError } from '../../runtime/errors.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { forbidMemoryDumps, silenceReports } from '../../runtime/memory-dumps.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import { FolderOutput } from '../../supervise/folder-output.ts';
import type { JwtAudience } from '../../supervise/identity-feed.ts';
import { NO_OUTPUT } from '../../supervise/identity-output.ts';
import { keepIdentity } from '../../supervise/keep-identity.ts';
import { processSignals } from '../../supervise/process-signals.ts';
import type { WatchEvent } from '../../supervise/watch-event.ts';
import { readFileRequest } from '../../svidfiles/file-request.ts';
import { IdentityFolder } from '../../svidfiles/identity-folder.ts';
import { LAYOUTS } from '../../svidfiles/layouts/layouts.ts';
import { WorkloadApiClient } from '../../workloadapi/client.ts';
import type { CommandContext } from '../command-context.ts';
import { AdvisedError } from '../failure.ts';
import { identityFileFlags } from '../identity-file-flags.ts';
import type { watchFlags } from '../keep-flags.ts';
import { formatWatchEvent, watchEventJson } from '../pretty/watch-event.ts';
import { planKeeping } from './keep-plan.ts';
import { awaitAgentTarget } from './patient-target.ts';

type WatchContext = CommandContext<typeof watchFlags>;

/** `api watch` with flags that are not SPIRE's: keeps an identity and tells others of changes. Returns the exit code. */
export async function watchKept(context: WatchContext): Promise<number> {
  const { flags, given, clock, env, signal } = context;
  refuseIdle(context);
  const plan = await planKeeping(context);
  const tell = teller(context);
  const words = { ...flags, layout: flags.layout === '' ? 'spire' : flags.layout };
  const request = await readFileRequest(words, { given, env });
  await using resources = new ResourceStack();
  const client = resources.use(
    new WorkloadApiClient(await awaitAgentTarget(flags, context, { waitMs: plan.waitMs, tell })),
  );
  const { owner } = request;
  silenceReports();
  if (flags.write !== '') await forbidMemoryDumps();
  const folder =
    flags.write === '' ? undefined : resources.use(await IdentityFolder.open(flags.write, { owner, clock }));
  const output =
    folder === undefined ? undefined : resources.use(new FolderOutput([{ folder, plan: request.plan }], clock));
  return await keepIdentity({
    ...plan,
    client,
    clock,
    choice: request.plan.choice,
    keepsAll: LAYOUTS[request.plan.layout].holdsAll,
    jwtAudiences: nameAudiences(request.audiences),
    wantsJwtBundles: flags.jwtBundle || request.audiences.length > 0,
    output: output ?? NO_OUTPUT,
    tell,
    env,
    signals: processSignals,
    signal,
  });
}

/** The audiences of each token, with the name that people know it by. */
export function nameAudiences(audiences: readonly (readonly string[])[]): JwtAudience[] {
  return audiences.map((audience, n) => ({ name: `${audience.join(',')}${n === 0 ? '' : ` (${n})`}`, audience }));
}

const EVENT_FORMATS: ReadonlyMap<string, typeof formatWatchEvent> = new Map([
  ['pretty', formatWatchEvent],
  ['json', watchEventJson],
  ['jsonl', watchEventJson],
]);

/** Standard output is the command's, where there is one. */
export function teller({ flags, args, io, clock }: Pick<WatchContext, 'flags' | 'args' | 'io' | 'clock'>) {
  const stream = args.length === 0 ? io.stdout : io.stderr;
  const format = EVENT_FORMATS.get(flags.output);
  if (format === undefined) throw new SpirekitError('usage', `-output ${goQuote(flags.output)} is not pretty or json`);
  return (event: WatchEvent): void => void stream.write(format(event, clock.nowMs()));
}

/** Flags about files have no meaning without a folder. */
function refuseIdle({ flags, given }: WatchContext): void {
  if (flags.write !== '') return;
  const isUsed = ['spiffeID', 'hint', 'index', 'jwtAudience'];
  const names = [...Object.keys(identityFileFlags), 'jwtBundle', 'deleteOnRevoke'];
  const idle = names.find((name) => given.has(name) && !isUsed.includes(name));
  if (idle === undefined) return;
  throw new AdvisedError('usage', `-${idle} is about files, and none are written`, 'Say where to write: --write DIR.');
}
