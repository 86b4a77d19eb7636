import type { CommandIo } from './command-context.ts';

/**
 * The standard streams of the process, each set up when it is first used. A reader that goes away (`| head`) is no error:
 * the process ends at once and says nothing.
 */
export function processIo(): CommandIo {
  const guarded = new Set<NodeJS.WriteStream>();
  const guard = (stream: NodeJS.WriteStream): NodeJS.WriteStream => {
    if (guarded.has(stream)) return stream;
    guarded.add(stream);
    return stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 1);
      throw error;
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
