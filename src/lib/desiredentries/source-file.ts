import { type ErrorCode, SpirekitError } from '../runtime/errors.ts';

/** Where something stands in a file of entries. */
export interface Place {
  /** The path as it was given or found; `stdin`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** `FILE:LINE:COLUMN`, as editors and compilers write it. */
export function placeName({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** The text of a file, which knows the line and column of each of its positions. */
export class SourceFile {
  readonly file: string;
  readonly text: string;
  /** Where lines begin; made when it is first asked for. */
  #starts: number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  placeAt(offset: number): Place {
    this.#starts ??= lineStarts(this.text);
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }

  /** What is refused, with its place in front. */
  error(code: ErrorCode, offset: number, reason: string, options?: ErrorOptions): SpirekitError {
    return new SpirekitError(code, `${placeName(this.placeAt(offset))}: ${reason}`, options);
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}
