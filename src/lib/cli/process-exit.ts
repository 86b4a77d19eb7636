import { ioReason } from '../runtime/io-reason.ts';
import type { CommandIo } from './command-context.ts';

/**
 * The standard streams of the process, each set up when it is first used. A reader that goes away (`| head`) is no error:
 * the process ends at once and says nothing. Any other failure, such as a full disk, is said and ends it with 1.
 */
export function processIo(): CommandIo {
  const guarded = new Set<NodeJS.WriteStream>();
  const guard = (stream: NodeJS.WriteStream): NodeJS.WriteStream => {
    if (guarded.has(stream)) return stream;
    guarded.add(stream);
    return stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 1);
      if (stream === process.stdout) process.stderr.write(`Error: write /dev/stdout: ${ioReason(error)}\n`);
      process.exit(1);
    });
  };
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return guard(process.stdout);
    },
    get stderr() {
      return guard(process.stderr);
    },
  };
}

/** Leaves the exit code to the process, which ends when its output is written. */
export async function finishProcess(run: Promise<number>): Promise<void> {
  process.exitCode = await run;
}
