import { findOnPath, run } from '../../test/support/programs.ts';

/** Why processes cannot be traced and killed at chosen system calls here; undefined where they can. */
export async function whyNoTracing(): Promise<string | undefined> {
  if (findOnPath('strace') === undefined) return 'strace is not on the PATH';
  const tried = await run('strace', ['-f', '-o', '/dev/null', '-e', 'inject=fsync:signal=KILL:when=1', 'true']);
  return tried.code === 0 ? undefined : `strace cannot trace here: ${tried.stderr.trim().split('\n')[0]}`;
}
