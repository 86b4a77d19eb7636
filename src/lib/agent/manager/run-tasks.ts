/**
 * Runs tasks side by side until the signal aborts or one of them fails, then has the others stop and waits for them.
 * Resolves after an abort; rejects with the first failure otherwise.
 */
export async function runTasks(
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  let failure: { readonly error: unknown } | undefined;
  try {
    await Promise.all(
      tasks.map(async (task) => {
        try {
          await task(stop.signal);
        } catch (error) {
          if (stop.signal.aborted) return;
          failure = { error };
          stop.abort(error);
        }
      }),
    );
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  if (failure !== undefined) throw failure.error;
}
