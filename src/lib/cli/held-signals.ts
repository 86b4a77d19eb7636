import { SpirekitError } from '../runtime/errors.ts';

/** What ends a process politely: Ctrl-C, a supervisor, a terminal that goes away. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does work that must not be torn, such as putting files into place. A signal that comes meanwhile aborts the work's own
 * signal, which it heeds where it still can; when the work is over either way, the process ends by that signal, as it
 * would have at once.
 */
export async function holdingSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let held: NodeJS.Signals | undefined;
  const hold = (name: NodeJS.Signals): void => {
    held ??= name;
    controller.abort(new SpirekitError('canceled', `stopped by ${name}`));
  };
  for (const name of ENDING_SIGNALS) process.on(name, hold);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of ENDING_SIGNALS) process.off(name, hold);
    if (held !== undefined) process.kill(process.pid, held);
  }
}
