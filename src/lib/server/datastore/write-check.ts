/** Tells whether a datastore can keep what it is given. */
export interface WriteCheck {
  /**
   * Resolves as long as writes succeed. After one has failed for want of a disk, a small write is tried each time, so that
   * the answer changes as soon as the disk is back. Errors: `unavailable`, `data-loss`.
   */
  checkWritable(): Promise<void>;
}
