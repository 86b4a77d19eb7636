import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../crypto/certificate.ts';
import type { DueTime } from '../../runtime/due-time.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import type { AuthorizedEntry } from './authorized-entry.ts';

/** An X509-SVID that the agent holds for a workload. */
export interface WorkloadSvid {
  /** Leaf first, never empty. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly privateKey: KeyObject;
  /** When to replace it. */
  readonly rotateAt: DueTime;
  /** The state of the entry that it was made from. */
  readonly revisionNumber: bigint;
  readonly createdAtSeconds: bigint;
}

/** An entry with its SVID. */
export interface Identity {
  readonly entry: AuthorizedEntry;
  readonly svid: WorkloadSvid;
}

/** All that a workload is to know at one moment. */
export interface WorkloadUpdate {
  /** In order of entry ids, whether their SVID is there or not. */
  readonly entries: readonly AuthorizedEntry[];
  /** Those entries whose SVID is there, in the same order. */
  readonly identities: readonly Identity[];
  /** Of the agent's own trust domain. */
  readonly bundle: Bundle;
  /** Of the trust domains that the entries federate with, by name in order; without those the agent has no bundle of. */
  readonly federatedBundles: ReadonlyMap<string, Bundle>;
}
