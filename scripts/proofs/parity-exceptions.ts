/** Something that our programs print otherwise than SPIRE's on purpose, or that differs from one build of SPIRE to the next. */
export interface ParityException {
  /** What differs. */
  readonly what: string;
  readonly because: string;
  /** The text with that taken out, so that only the rest is compared. */
  readonly without: (stdout: string) => string;
}

/** All that may differ. What is not here must be as recorded: exit codes, files, stdout, and stderr as well. */
export const PARITY_EXCEPTIONS: readonly ParityException[] = [
  {
    what: 'the version of an agent (Agent version, agent_version)',
    because:
      'an agent says which program it is: ours says spirekit, and a SPIRE built from its sources names its commit',
    without: (stdout) => stdout.replace(/(Agent version {5}: |"agent_version": ")[^\s"]+/g, '$1<version>'),
  },
];

/** What a step printed, without what may differ. */
export function withoutExceptions(stdout: string): string {
  return PARITY_EXCEPTIONS.reduce((text, { without }) => without(text), stdout);
}
