/** Counts what was tried. An attack on something unprotected must succeed, else its failure elsewhere shows nothing. */
export class Ledger {
  #checks = 0;
  #controls = 0;
  readonly #harms: string[] = [];
  readonly #untried: string[] = [];

  /** Notes the outcome of one attack on the project. */
  check(what: string, isHarmless: boolean): void {
    this.#checks += 1;
    if (!isHarmless) this.#harms.push(what);
    console.log(`${isHarmless ? 'harmless' : 'HARM'}: ${what}`);
  }

  /** Notes the outcome of the same attack where nothing is in its way. */
  control(what: string, hasSucceeded: boolean): void {
    this.#controls += 1;
    if (!hasSucceeded) this.#harms.push(`the attack itself fails: ${what}`);
    console.log(`${hasSucceeded ? 'control' : 'USELESS'}: ${what}`);
  }

  /** Notes what cannot be tried here. */
  untried(what: string, reason: string): void {
    this.#untried.push(`${what} (${reason})`);
    console.log(`not tried: ${what}: ${reason}`);
  }

  get isClean(): boolean {
    return this.#harms.length === 0;
  }

  get figure(): string {
    const harmless = this.#checks - this.#harms.filter((harm) => !harm.startsWith('the attack itself')).length;
    return [
      `${this.#checks} checks, ${harmless} harmless`,
      `${this.#controls} attacks shown to work elsewhere`,
      ...this.#harms,
      ...this.#untried.map((what) => `not tried: ${what}`),
    ].join('; ');
  }
}
