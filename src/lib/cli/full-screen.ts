/** Where a full screen is drawn, and keys come from. */
export interface ScreenStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** ECMA-48 and what xterm made usual: the alternate screen, the cursor, places, erasing. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const ERASE_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

/** Keys as words; other keys are their own character. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ['\x1b[A', 'up'],
  ['\x1b[B', 'down'],
  ['\x1bOA', 'up'],
  ['\x1bOB', 'down'],
  ['\x1b[5~', 'page-up'],
  ['\x1b[6~', 'page-down'],
  ['\x1b[H', 'home'],
  ['\x1b', 'escape'],
  ['\x03', 'interrupt'],
]);

/**
 * Takes the terminal over: the alternate screen, no cursor, keys one by one. It is given back when this is disposed of, and
 * at the latest when the process exits, for whatever reason but SIGKILL.
 */
export class FullScreen implements Disposable {
  readonly #streams: ScreenStreams;
  readonly #onData: (chunk: Buffer) => void;
  readonly #onExit = (): void => this[Symbol.dispose]();
  readonly #onResize: () => void;
  #isOpen = true;

  /** @param onKey called with the word or the character of each key; @param onResize when the size has changed */
  constructor(streams: ScreenStreams, onKey: (key: string) => void, onResize: () => void) {
    this.#streams = streams;
    this.#onData = (chunk) => {
      for (const key of keysOf(chunk.toString('latin1'))) onKey(key);
    };
    this.#onResize = onResize;
    const { input, output } = streams;
    process.once('exit', this.#onExit);
    output.write(ENTER);
    input.setRawMode(true);
    input.on('data', this.#onData);
    input.resume();
    output.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#streams.output.columns;
  }

  get rows(): number {
    return this.#streams.output.rows;
  }

  /** Draws over what is there in one write, so that nothing flickers. A line is erased first: at its end the cursor may stand on it. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#streams.output.write(`${HOME}${lines.map((line) => `${ERASE_LINE}${line}`).join('\r\n')}${ERASE_BELOW}`);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { input, output } = this.#streams;
    process.off('exit', this.#onExit);
    input.off('data', this.#onData);
    output.off('resize', this.#onResize);
    input.setRawMode(false);
    input.pause();
    output.write(LEAVE);
  }
}

/** The keys in what a terminal has sent. */
export function keysOf(text: string): string[] {
  const keys: string[] = [];
  for (const [sequence] of text.matchAll(/\x1b(?:[[O][0-9;]*[A-Za-z~])?|[^\x1b]/g)) {
    const key = KEYS.get(sequence) ?? sequence;
    if (key.length === 1 || KEYS.has(sequence)) keys.push(key);
  }
  return keys;
}
