/** What was looked at, with what came of it. */
export class Checks {
  #held = 0;
  #total = 0;

  check(what: string, holds: boolean, otherwise = ''): void {
    this.#total++;
    if (holds) this.#held++;
    console.log(`${holds ? 'ok' : 'FAILED'}: ${what}${holds || otherwise === '' ? '' : `\n${otherwise}`}`);
  }

  get allHold(): boolean {
    return this.#held === this.#total;
  }

  get figure(): string {
    return `${this.#held} of ${this.#total} checks hold`;
  }
}

/** Waits for something that is looked at again and again; false if it does not come. */
export async function comes(condition: () => boolean | Promise<boolean>, timeoutMs = 40_000): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
