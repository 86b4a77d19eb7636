/** A code of this project's own that stays with what it names for good: `SPK-` and four digits. */
export type SpkCode = `SPK-${number}`;

/** How bad a finding is: `error` is broken now, `warning` will be or may be, `info` is worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

/** Something that a look at files, certificates, entries or programs has shown. */
export interface Finding {
  /** Explained by `spirekit help CODE`. */
  readonly code: SpkCode;
  readonly severity: Severity;
  /** What was looked at: a path, an address, a SPIFFE ID, an entry's ID. */
  readonly subject: string;
  /** What is wrong with it, in one line. */
  readonly message: string;
  /** What was seen, one line each; never a secret. */
  readonly evidence?: readonly string[];
  /** What to do about it: a sentence, or a command line between backticks. */
  readonly remedy?: string;
  /** The rule of the standards that it breaks, such as `X509-SVID 2`. */
  readonly rule?: string;
}

/** The worst severity there is, undefined without findings. */
export function worstSeverity(findings: readonly Finding[]): Severity | undefined {
  return (['error', 'warning', 'info'] as const).find((severity) =>
    findings.some((finding) => finding.severity === severity),
  );
}
