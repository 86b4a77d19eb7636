import { sleep } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { Surroundings } from './surroundings.ts';

/** Waits for something that takes no signal, and no longer than one question may take. Errors: `deadline-exceeded`. */
export async function within<T>({ clock, signal, timeoutMs }: Surroundings, answer: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = sleep(clock, timeoutMs, { signal: AbortSignal.any([stop.signal, signal]) }).then(() => {
    throw new SpirekitError('deadline-exceeded', `no answer within ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    stop.abort();
    late.catch(() => {});
  }
}
