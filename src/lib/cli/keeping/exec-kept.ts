import { join } from 'node:path';
import { nanosecondsToMs } from '../../runtime/go-duration.ts';
import { forbidMemoryDumps, silenceReports } from '../../runtime/memory-dumps.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import { type ExecFiles, execVariables, placeholderValues } from '../../supervise/exec-environment.ts';
import { FolderOutput } from '../../supervise/folder-output.ts';
import { keepIdentity } from '../../supervise/keep-identity.ts';
import { MemoryFolder } from '../../supervise/memory-folder.ts';
import { PARTS } from '../../supervise/parts.ts';
import { expandPlaceholders, placeholderAudiences } from '../../supervise/placeholders.ts';
import { processSignals } from '../../supervise/process-signals.ts';
import type { WatchEvent } from '../../supervise/watch-event.ts';
import { type FileRequest, readFileRequest } from '../../svidfiles/file-request.ts';
import { IdentityFolder } from '../../svidfiles/identity-folder.ts';
import { WorkloadApiClient } from '../../workloadapi/client.ts';
import type { CommandContext } from '../command-context.ts';
import { AdvisedError } from '../failure.ts';
import type { execFlags } from '../keep-flags.ts';
import { formatWatchEvent } from '../pretty/watch-event.ts';
import { escapeControls } from '../terminal-text.ts';
import { planService } from './keep-plan.ts';
import { awaitAgentTarget } from './patient-target.ts';
import { nameAudiences } from './watch-kept.ts';

type ExecContext = CommandContext<typeof execFlags>;

/** Runs a command with an identity in files in memory, which are kept fresh and removed in the end. */
export async function execKept(context: ExecContext): Promise<number> {
  const { flags, args, given, clock, env, signal } = context;
  if (args.length === 0) {
    throw new AdvisedError('usage', 'a command to run is needed', 'Put it behind the flags: -- COMMAND ARGUMENTS.');
  }
  const audiences = [...new Set([...flags.jwtAudience, ...placeholderAudiences(args)])];
  const request = await readFileRequest({ ...NO_WORDS, ...flags, jwtAudience: audiences }, { given, env });
  const waitMs = nanosecondsToMs(flags.wait);
  const tell = teller(context);
  silenceReports();
  await forbidMemoryDumps();
  await using resources = new ResourceStack();
  const client = resources.use(new WorkloadApiClient(await awaitAgentTarget(flags, context, { waitMs, tell })));
  const { files, output } = await openFiles(context, request, audiences, resources);
  const variables = execVariables(files, { replacesSystemRoots: flags.sslCertFile });
  const service = await planService(context, {
    onExit: 'exit',
    onChange: 'none',
    args: (own) => {
      const values = placeholderValues(files, own['SPIREKIT_SPIFFE_ID'] ?? '');
      return args.slice(1).map((arg) => expandPlaceholders(arg, values));
    },
  });
  return await keepIdentity({
    client,
    clock,
    choice: request.plan.choice,
    keepsAll: false,
    jwtAudiences: nameAudiences(request.audiences),
    wantsJwtBundles: request.audiences.length > 0,
    output,
    counts: new Set(PARTS),
    service: { ...service, env: (changes) => service.env({ ...changes, ...variables }) },
    once: false,
    waitMs,
    deletesOnRevoke: false,
    tell,
    env,
    signals: processSignals,
    signal,
  });
}

/** What of a request for files there is no flag for here. */
const NO_WORDS = {
  layout: 'helper',
  fileNames: '',
  mode: '',
  keyMode: '',
  owner: '',
  group: '',
  federatedBundles: '',
  addIntermediatesToBundle: false,
  omitExpired: false,
  keystorePasswordFile: '',
  keystorePasswordEnv: '',
  keystoreCompat: '',
} as const;

async function openFiles(
  { flags, env, clock }: ExecContext,
  { plan, owner }: FileRequest,
  audiences: readonly string[],
  resources: ResourceStack,
): Promise<{ files: ExecFiles; output: FolderOutput }> {
  const runtimeDir = env['XDG_RUNTIME_DIR'] ?? '';
  const memory = resources.use(
    MemoryFolder.open({
      candidates: [...(runtimeDir.startsWith('/') ? [runtimeDir] : []), '/dev/shm'],
      named: flags.dir === '' ? undefined : flags.dir,
    }),
  );
  const files = { dir: join(memory.path, 'files'), credentialDir: join(memory.path, 'credentials'), audiences };
  const folder = resources.use(await IdentityFolder.open(files.dir, { owner, clock }));
  const credentials = resources.use(await IdentityFolder.open(files.credentialDir, { owner, clock }));
  const parts = [
    { folder, plan },
    { folder: credentials, plan: { ...plan, layout: 'spiffe-fd' } as const },
  ];
  return { files, output: resources.use(new FolderOutput(parts, clock)) };
}

/** The command speaks for itself: only what is wrong is said, and what is waited for. */
function teller({ io, clock }: ExecContext): (event: WatchEvent) => void {
  return (event) => {
    if (event.event === 'command-not-started') {
      io.stderr.write(`${escapeControls(event.message)}\n`);
    } else if (event.code !== undefined || event.event === 'waiting') {
      io.stderr.write(formatWatchEvent(event, clock.nowMs()));
    }
  };
}
