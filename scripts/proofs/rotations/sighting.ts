/** What a process that only reads has seen of a folder whose files change together. */
export interface Sighting {
  /** How often it has read all files of the folder that `..data` led to, each time through the TLS stack. */
  readonly looks: number;
  /** Looks that found the folder gone while they read, and began again. */
  readonly retries: number;
  /** Looks whose files were of different versions, did not pair, or were none that was issued. */
  readonly mismatches: number;
  /** Files and folders with another mode or owner than was asked for, or wider while they were made. */
  readonly wrongModes: number;
  /** How often it has read the same files by their names in the folder, one after the other. */
  readonly naiveLooks: number;
  /** Of those, how many had files of different versions. */
  readonly naiveMixed: number;
  /** Versions that it has seen. */
  readonly versions: number;
  /** What was wrong, each kind once. */
  readonly problems: readonly string[];
}
