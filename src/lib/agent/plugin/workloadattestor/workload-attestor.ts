import type { Selector } from '../../../spiffe/selector.ts';

/** Finds out what a process on this machine is, without its help. */
export interface WorkloadAttestor {
  /** The name in the configuration, which is also the type of the selectors. */
  readonly name: string;
  /**
   * The selectors that describe the process; empty if there is nothing to say about it. The caller makes sure that the
   * process id still means the same process afterwards.
   *
   * Errors: `internal` when the process cannot be looked at, `canceled` when the signal aborts.
   */
  attest(pid: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly Selector[]>;
}
