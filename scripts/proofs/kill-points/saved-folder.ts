import { cpSync, existsSync, rmSync } from 'node:fs';

/** A folder that can be made what it once was. */
export class SavedFolder implements Disposable {
  readonly path: string;
  readonly #copy: string;

  constructor(path: string) {
    this.path = path;
    this.#copy = `${path}.saved`;
  }

  /** Keeps what is there now; nothing uses it meanwhile. */
  save(): void {
    replace(this.#copy, this.path);
  }

  restore(): void {
    replace(this.path, this.#copy);
  }

  [Symbol.dispose](): void {
    rmSync(this.#copy, { recursive: true, force: true });
  }
}

function replace(path: string, other: string): void {
  rmSync(path, { recursive: true, force: true });
  if (existsSync(other)) cpSync(other, path, { recursive: true, preserveTimestamps: true });
}
