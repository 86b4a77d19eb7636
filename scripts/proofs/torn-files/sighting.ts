import type { WrittenFile } from '../written-identity.ts';

/** What a process that only reads has seen of files which others replace. */
export interface Sighting {
  /** How often it read all files. */
  readonly looks: number;
  /** Looks at which the key belonged to another certificate. */
  readonly unpairedLooks: number;
  /** Different pairs of certificate and key that did not belong together. */
  readonly unpairedRotations: number;
  /** Torn files and modes too wide, each kind once. */
  readonly problems: readonly string[];
  /** SHA-256 in hex of every content. */
  readonly digests: Readonly<Record<WrittenFile, readonly string[]>>;
}
