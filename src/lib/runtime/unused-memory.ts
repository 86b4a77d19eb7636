/**
 * Gives memory back to the kernel that was freed and kept for later, such as what reading the program took
 * (malloc_trim(3)). For processes that wait most of the time. Does nothing where the C library has no such function.
 */
export async function giveBackUnusedMemory(): Promise<void> {
  if (process.platform !== 'linux') return;
  const { default: koffi } = await import('koffi');
  try {
    koffi.load(null).func('int malloc_trim(size_t pad)')(0);
  } catch {
    // musl keeps less to begin with.
  }
}
