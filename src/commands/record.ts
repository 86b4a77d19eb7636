import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseAgentTarget } from '../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { runChildCommand } from '../lib/cli/child-command.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { outerEnvironment } from '../lib/cli/outer-environment.ts';
import { readPackageInfo } from '../lib/cli/package-info.ts';
import { expectRecordingFile, listenPath, writeRecording } from '../lib/cli/recording-files.ts';
import { agentSocketFlags } from '../lib/cli/sockets.ts';
import type { Recorder } from '../lib/recording/recorder.ts';
import type { RpcTarget } from '../lib/rpc/target.ts';
import { sleep } from '../lib/runtime/clock.ts';
import { counted } from '../lib/runtime/counted.ts';
import { SpirekitError } from '../lib/runtime/errors.ts';
import { nanosecondsToMs } from '../lib/runtime/go-duration.ts';

const MEBIBYTE = 1024 * 1024;
const SOCKET_MODE = 0o600;

const flags = {
  ...agentSocketFlags,
  o: flag.string({ usage: 'File to record into; - is standard output' }),
  for: flag.durationValue({ usage: 'How long to record', default: 60_000_000_000n }),
  listen: flag.string({ usage: 'Record what applications say that connect here, as unix:/path, until stopped' }),
  audience: flag.strings({ usage: 'Fetch a JWT-SVID for this audience too' }),
  pseudonyms: flag.bool({ usage: 'Replace SPIFFE IDs, names and audiences by made-up ones too' }),
  maxSize: flag.int({ usage: 'Mebibytes that a recording may have', default: 64 }),
} as const;

type RecordContext = CommandContext<typeof flags>;

/** `spirekit record` */
export default class Record extends BaseCommand<typeof flags> {
  static override readonly summary = 'Record a conversation with the Workload API, without its keys';
  static override readonly description =
    'Writes down what is asked and answered and when, to be attached to a bug and served again by `replay`. Certificates are made anew by throwaway authorities of the same shape, tokens signed anew; no key is written. It asks by itself, or stands between a command (or whoever connects to --listen) and the agent. The agent then grants what this process may have.';
  static override readonly examples = [
    '<%= config.bin %> record -o bug.jsonl --for 10s',
    '<%= config.bin %> record -o bug.jsonl --pseudonyms -- ./my-service',
    '<%= config.bin %> record -o bug.jsonl --listen unix:/tmp/between.sock',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'record';
  static override readonly stopsAtArgument = true;
  static override readonly args = {
    command: { description: 'A command whose conversation to record; what follows are its arguments' },
  };

  override async execute(context: RecordContext): Promise<number> {
    const { given, args, clock } = context;
    const { o: path, maxSize, pseudonyms } = context.flags;
    refuseMixtures(context);
    await expectRecordingFile(path);
    const { Recorder } = await import('../lib/recording/recorder.ts');
    const target = await chooseAgentTarget(context.flags, context);
    const full = new AbortController();
    const recorder = new Recorder({
      clock,
      version: readPackageInfo().version,
      pseudonyms,
      maxBytes: Math.max(1, maxSize) * MEBIBYTE,
      onFull: () => full.abort(),
    });
    if (args.length === 0 || given.has('listen')) context.abortOn('SIGINT', 'SIGTERM');
    const end = AbortSignal.any([full.signal, context.signal]);
    const code = await converse(recorder, target, end, context);
    await writeRecording(path, await recorder.finish(), context);
    const { calls, events } = recorder.counts;
    const amount = `${counted(calls, 'call', 'calls')} and ${counted(events - calls, 'further event', 'further events')}`;
    context.err(
      `Recorded ${amount}${path === '-' ? '' : ` in ${path}`}${full.signal.aborted ? ', as much as there is room for' : ''}.`,
    );
    return code;
  }
}

function refuseMixtures({ given, args, flags: { for: span } }: RecordContext): void {
  if (args.length === 0) {
    if (span <= 0n) throw new SpirekitError('usage', 'a time above zero is needed for --for');
    return;
  }
  for (const name of ['for', 'listen', 'audience']) {
    if (given.has(name))
      throw new SpirekitError('usage', `-${name} does not go with a command, which is recorded to its end`);
  }
}

/** Has the conversation; returns the exit code. */
async function converse(
  recorder: Recorder,
  target: RpcTarget,
  end: AbortSignal,
  context: RecordContext,
): Promise<number> {
  const { args, given, flags: values } = context;
  if (args.length > 0) return recordCommand(recorder, target, context);
  const span = given.has('for') || values.listen === '' ? nanosecondsToMs(values.for) : undefined;
  if (values.listen === '') {
    await recordByItself(recorder, target, { end, spanMs: span ?? 0 }, context);
    return 0;
  }
  const { RecordingProxy } = await import('../lib/recording/recording-proxy.ts');
  const socketPath = listenPath(values.listen);
  await using _proxy = await RecordingProxy.open({ socketPath, socketMode: SOCKET_MODE, target, recorder });
  context.err(`Recording what comes to unix://${socketPath}`);
  await untilOver(span, end, context);
  return 0;
}

async function recordByItself(
  recorder: Recorder,
  target: RpcTarget,
  { end, spanMs }: { readonly end: AbortSignal; readonly spanMs: number },
  context: RecordContext,
): Promise<void> {
  const { WorkloadApiClient } = await import('../lib/workloadapi/client.ts');
  const { recordConversation } = await import('../lib/recording/recording-client.ts');
  await using client = new WorkloadApiClient(target);
  const over = new AbortController();
  const cancel = context.clock.schedule(spanMs, () => over.abort());
  try {
    const signal = AbortSignal.any([over.signal, end]);
    const failure = await recordConversation(client, recorder, { audience: context.flags.audience, signal });
    // A refusal is worth a recording; that nobody listens is not.
    if (failure?.code === 'unavailable') throw failure;
  } finally {
    cancel();
  }
}

async function recordCommand(recorder: Recorder, target: RpcTarget, context: RecordContext): Promise<number> {
  const { RecordingProxy } = await import('../lib/recording/recording-proxy.ts');
  const [command = '', ...args] = context.args;
  const folder = await mkdtemp(join(tmpdir(), 'spirekit-record-'));
  try {
    const socketPath = join(folder, 'api.sock');
    await using _proxy = await RecordingProxy.open({ socketPath, socketMode: SOCKET_MODE, target, recorder });
    return await runChildCommand(command, args, {
      env: { ...outerEnvironment(context.env), SPIFFE_ENDPOINT_SOCKET: `unix://${socketPath}` },
      umask: process.umask(),
      forward: ['SIGINT', 'SIGTERM', 'SIGHUP'],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Waits for the time to be over, or the signal. */
async function untilOver(spanMs: number | undefined, end: AbortSignal, { clock }: RecordContext): Promise<void> {
  if (end.aborted) return;
  const ended = new Promise<void>((resolve) => end.addEventListener('abort', () => resolve(), { once: true }));
  if (spanMs === undefined) return ended;
  await Promise.race([ended, sleep(clock, spanMs, { signal: end }).catch(() => undefined)]);
}
