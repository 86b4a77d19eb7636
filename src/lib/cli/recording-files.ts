import { checkWritable } from '../config/file-access.ts';
import { AtomicFiles } from '../runtime/atomic-file.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { CommandContext } from './command-context.ts';
import { endpointTarget } from './sockets.ts';

/** A recording tells much of a site even without its keys: it is its owner's alone. */
const RECORDING_MODE = 0o600;

/** Refuses a file that could not be written in the end, before anything is recorded. Errors: `io-error`, `usage`. */
export async function expectRecordingFile(path: string): Promise<void> {
  if (path === '') throw new SpirekitError('usage', 'a file to record into is needed: -o FILE');
  if (path === '-') return;
  try {
    await checkWritable(path, path);
  } catch (error) {
    throw new SpirekitError('io-error', SpirekitError.from(error).message, { cause: error });
  }
}

/** Writes the recording whole, or not at all. */
export async function writeRecording(path: string, text: string, { io }: Pick<CommandContext, 'io'>): Promise<void> {
  if (path === '-') {
    io.stdout.write(text);
    return;
  }
  await using files = new AtomicFiles();
  await files.stage(path, text, { mode: RECORDING_MODE });
  await files.commit();
}

/** The path of the socket that `-listen` names: `unix:/run/app.sock`, `unix:///run/app.sock` or the plain path. */
export function listenPath(address: string): string {
  if (address === '')
    throw new SpirekitError('usage', 'an address to listen on is needed: --listen unix:/path/to/socket');
  const target = endpointTarget(address);
  if (target.kind === 'unix') return target.path;
  throw new SpirekitError('invalid-argument', 'only unix sockets can be listened on: over TCP nobody knows who calls');
}
