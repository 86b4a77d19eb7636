import type { SpkCode } from '../findings/finding.ts';
import type { Selector } from '../spiffe/selector.ts';

/** Something that keeps an entry from giving its SPIFFE ID to the workload. */
export interface Obstacle {
  readonly code: SpkCode;
  /** One line, to be read behind the name of the entry. */
  readonly message: string;
  /** How far from matching it is: 0 a slip of the hand, 1 another workload altogether. */
  readonly cost: number;
  /** The selector that is not met, if that is it. */
  readonly selector?: Selector | undefined;
  /** What would do away with it. */
  readonly change?: EntryChange | undefined;
  /** What would, where it is not the entry that has to change: a sentence, or a command line between backticks. */
  readonly remedy?: string | undefined;
}

/** A change of an entry. */
export type EntryChange =
  | { readonly kind: 'selector'; readonly from: Selector; readonly to: Selector | undefined }
  | { readonly kind: 'parent'; readonly to: string }
  | { readonly kind: 'expiry' }
  | { readonly kind: 'store' };
