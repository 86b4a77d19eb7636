/**
 * What the umbrella program exits with; the drop-ins know 0 and 1 alone, as SPIRE's programs do. Beside these there are
 * 128 and the number of the signal that stopped it, and whatever a command that was run inside exits with.
 */
export const EXIT_CODES = {
  ok: 0,
  other: 1,
  usage: 2,
  unreachable: 3,
  noIdentity: 4,
  permission: 5,
  notFound: 6,
  exists: 7,
  /** Some of several did not work. */
  partlyDone: 8,
  /** A certificate, token, key, bundle or file of data is no good, or its time is over. */
  invalid: 9,
  /** Not a failure: what was asked about is not as it should be, and a command that acts would change something. */
  wouldChange: 10,
  timeout: 124,
} as const;

/** A number that the umbrella program exits with. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
