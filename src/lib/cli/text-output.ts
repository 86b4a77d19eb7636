/** A place to write text to. */
export interface TextOutput {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  /** The width of the terminal, if it is one. */
  readonly columns?: number | undefined;
  /** After `write` has returned false: tells when the reader has taken what was written. */
  once?(event: 'drain', listener: () => void): unknown;
}

/** The width of a terminal in characters. One that nobody has told how wide it is says 0: that is not known either. */
export function knownWidth({ columns }: Pick<TextOutput, 'columns'>): number | undefined {
  return columns === 0 ? undefined : columns;
}
