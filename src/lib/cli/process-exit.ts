/**
 * Leaves the exit code to the process, which ends when its output is written. A reader that goes away (`| head`) is no
 * error: the process ends at once and says nothing.
 */
export async function finishProcess(run: Promise<number>): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 1);
      throw error;
    });
  }
  process.exitCode = await run;
}
