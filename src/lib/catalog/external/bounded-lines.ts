/**
 * Cuts a stream of bytes into lines without their line feeds, as text; bytes that are no UTF-8 become U+FFFD. Of a line
 * that is too long the first part is kept and the rest dropped, so that no more than one line is held at any time.
 */
export class BoundedLines {
  readonly #limitBytes: number;
  readonly #onLine: (line: string) => void;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(limitBytes: number, onLine: (line: string) => void) {
    this.#limitBytes = limitBytes;
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = rest.indexOf(0x0a); at >= 0; at = rest.indexOf(0x0a)) {
      this.#hold(rest.subarray(0, at));
      this.#flush();
      rest = rest.subarray(at + 1);
    }
    this.#hold(rest);
  }

  /** Takes what is left for a line, unless it is empty. */
  end(): void {
    if (this.#heldBytes > 0) this.#flush();
  }

  #hold(part: Buffer): void {
    const kept = part.subarray(0, this.#limitBytes - this.#heldBytes);
    if (kept.length === 0) return;
    this.#held.push(Buffer.from(kept));
    this.#heldBytes += kept.length;
  }

  #flush(): void {
    const line = Buffer.concat(this.#held).toString('utf8');
    this.#held = [];
    this.#heldBytes = 0;
    this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}
