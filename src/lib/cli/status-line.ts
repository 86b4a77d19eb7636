import type { CommandIo } from './command-context.ts';
import { escapeControls } from './terminal-text.ts';
import { knownWidth } from './text-output.ts';

/** One line on stderr that is written over and gone in the end. Only on a terminal. */
export class StatusLine implements Disposable {
  readonly #io: Pick<CommandIo, 'stderr'>;
  #shown = '';

  constructor(io: Pick<CommandIo, 'stderr'>) {
    this.#io = io;
  }

  /** Shows the text in place of what was shown before, cut where the terminal ends. */
  show(text: string): void {
    const { stderr } = this.#io;
    if (stderr.isTTY !== true) return;
    const plain = escapeControls(text);
    const columns = knownWidth(stderr);
    const line = columns === undefined ? plain : plain.slice(0, columns - 1);
    if (line === this.#shown) return;
    stderr.write(`\r${line}${CLEAR_REST}`);
    this.#shown = line;
  }

  [Symbol.dispose](): void {
    if (this.#shown !== '') this.#io.stderr.write(`\r${CLEAR_REST}`);
    this.#shown = '';
  }
}

/** `ESC [ K` of ECMA-48: clears from here to the end of the line. */
const CLEAR_REST = '\x1b[K';
