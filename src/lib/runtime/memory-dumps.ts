/** Resources and options as Linux numbers them on every architecture (setrlimit(2), prctl(2)). */
const RLIMIT_CORE = 4;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;

/** `struct rlimit`: two numbers of eight bytes, soft and hard. */
const RLIMIT_BYTES = 16;

/**
 * Keeps the keys in this process's memory from all who are not root: the kernel writes no core file, hands none to a crash
 * collector, and lets no other process of the same user look into the memory (ptrace(2), `/proc/<pid>/mem`). Programs
 * that this one starts are not concerned. Resolves with false where that cannot be had: elsewhere than on Linux.
 */
export async function forbidMemoryDumps(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return Number(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) === 0;
}

/** Limits core files of this process, and of those that it starts, to nothing. */
export async function forbidCoreFiles(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const { default: koffi } = await import('koffi');
  const setrlimit = koffi.load(null).func('int setrlimit(int, const void *)');
  return Number(setrlimit(RLIMIT_CORE, Buffer.alloc(RLIMIT_BYTES))) === 0;
}

/**
 * Diagnostic reports hold the command line, the environment and the addresses of peers: none is written by itself, and
 * one that is asked for leaves the latter two out.
 */
export function silenceReports(): void {
  Object.assign(process.report, {
    reportOnFatalError: false,
    reportOnSignal: false,
    reportOnUncaughtException: false,
    excludeEnv: true,
    excludeNetwork: true,
  });
}
