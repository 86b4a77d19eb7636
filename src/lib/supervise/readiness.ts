/** How what is kept stands. */
export interface ReadinessReport {
  readonly isReady: boolean;
  /** Why not, in words. */
  readonly reasons: readonly string[];
  readonly spiffeId: string | undefined;
  readonly expiresAtMs: number | undefined;
}

/** Knows whether all that was asked for is written, in its newest form, and not over yet. */
export class Readiness {
  #spiffeId: string | undefined;
  #expiresAtMs: number | undefined;
  #missing: readonly string[] = [];
  #failure: string | undefined;

  written(what: {
    readonly spiffeId: string;
    readonly expiresAtMs: number;
    readonly missing: readonly string[];
  }): void {
    this.#spiffeId = what.spiffeId;
    this.#expiresAtMs = what.expiresAtMs;
    this.#missing = what.missing;
    this.#failure = undefined;
  }

  /** The newest could not be written. */
  failed(reason: string): void {
    this.#failure = reason;
  }

  removed(): void {
    this.#spiffeId = undefined;
    this.#expiresAtMs = undefined;
  }

  report(nowMs: number): ReadinessReport {
    const reasons: string[] = [];
    if (this.#expiresAtMs === undefined) reasons.push('nothing is written');
    else if (this.#expiresAtMs <= nowMs) reasons.push('what is written has expired');
    reasons.push(...this.#missing.map((what) => `${what} is missing`));
    if (this.#failure !== undefined) reasons.push(this.#failure);
    return {
      isReady: reasons.length === 0,
      reasons,
      spiffeId: this.#spiffeId,
      expiresAtMs: this.#expiresAtMs,
    };
  }
}
