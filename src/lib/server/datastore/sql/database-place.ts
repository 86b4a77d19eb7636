/** Where a database lies while it is in use. */
export interface DatabasePlace {
  /** Throws `unavailable` when what is written now would be lost with this process, since its files are not there any more. */
  assertInPlace(): void;
}
