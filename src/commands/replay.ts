import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { inputName, readInput } from '../lib/cli/input-file.ts';
import { listenPath } from '../lib/cli/recording-files.ts';
import { escapeControls } from '../lib/cli/terminal-text.ts';
import { counted } from '../lib/runtime/counted.ts';
import { prefixed, SpirekitError } from '../lib/runtime/errors.ts';

const SOCKET_MODE = 0o600;
const MOST_BYTES = 256 * 1024 * 1024;

const flags = {
  listen: flag.string({ usage: 'Where to serve it, as unix:/path' }),
  speed: flag.string({ usage: 'How many times as fast as it was recorded, such as 10 or 0.5', default: '1' }),
  once: flag.bool({ usage: 'End when every recorded call was served once' }),
} as const;

/** `spirekit replay` */
export default class Replay extends BaseCommand<typeof flags> {
  static override readonly summary = 'Serve a recorded conversation as a Workload API';
  static override readonly description =
    'Each call gets the answers that the recorded one got, in their order and after as long; also the errors. Keys are made and certificates and tokens signed anew, with their times moved, so that what was valid when it was recorded is valid now. Further calls get the last recorded one again.';
  static override readonly examples = [
    '<%= config.bin %> replay bug.jsonl --listen unix:/tmp/replay.sock',
    '<%= config.bin %> replay bug.jsonl --listen unix:/tmp/replay.sock --speed 10 --once',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'replay';
  static override readonly args = { file: { description: 'The recording; - is standard input', required: true } };

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { args, clock, signal, io } = context;
    const [file, ...others] = args;
    if (file === undefined || others.length > 0) throw new SpirekitError('usage', 'one recording to serve is needed');
    const socketPath = listenPath(context.flags.listen);
    const speed = speedOf(context.flags.speed);
    context.abortOn('SIGINT', 'SIGTERM');
    const { parseRecording } = await import('../lib/recording/recording-text.ts');
    const { ReplayServer } = await import('../lib/recording/replay-server.ts');
    const text = Buffer.from(await readInput(file, io.stdin, { signal, maxBytes: MOST_BYTES })).toString('utf8');
    const recording = readAs(inputName(file), () => parseRecording(text));
    await using server = await ReplayServer.open({
      recording,
      socketPath,
      socketMode: SOCKET_MODE,
      speed,
      clock,
      signal,
      onCall: (line) => context.err(escapeControls(line)),
    });
    const calls = recording.events.filter(({ event }) => event === 'call').length;
    context.err(`Serving ${counted(calls, 'call', 'calls')} of ${recording.head.recorded_at} on unix://${socketPath}`);
    const end = context.flags.once ? AbortSignal.any([signal, server.finished]) : signal;
    if (!end.aborted)
      await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve(), { once: true }));
  }
}

function readAs<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw prefixed(name, error);
  }
}

function speedOf(text: string): number {
  const speed = /^\d{1,6}(?:\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (speed > 0) return speed;
  throw new SpirekitError('usage', `invalid value ${JSON.stringify(text)} for flag -speed: not a number above zero`);
}
