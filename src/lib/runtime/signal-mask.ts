import { constants } from 'node:os';

/** `SIG_UNBLOCK` of pthread_sigmask(3), as Linux numbers it but on MIPS. */
const SIG_UNBLOCK = 1;

/** `sigset_t` of the C libraries of Linux: 1024 signals, the first in the lowest bit. */
const SIGSET_BYTES = 128;

/**
 * Lets this process have SIGUSR1 that was started with `--disable-sigusr1`: Node blocks the signal then and keeps it so,
 * even for listeners of `process.on`. To be called when there is one, or the process ends by the signal. No debugger is
 * opened: nobody in Node listens for that any more. Does nothing elsewhere than on Linux.
 */
export async function unblockUserSignal(): Promise<void> {
  if (process.platform !== 'linux') return;
  const { default: koffi } = await import('koffi');
  const sigmask = koffi.load(null).func('int pthread_sigmask(int, const void *, void *)');
  const set = Buffer.alloc(SIGSET_BYTES);
  const bit = constants.signals.SIGUSR1 - 1;
  set[bit >> 3] = 1 << (bit & 7);
  sigmask(SIG_UNBLOCK, set, null);
}
