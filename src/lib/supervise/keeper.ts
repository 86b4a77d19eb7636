import type { Clock } from '../runtime/clock.ts';
import { type DueTime, dueAt, msUntil } from '../runtime/due-time.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { verifiedIdentities } from '../svidfiles/identity-contents.ts';
import type { IdentityChoice } from '../workloadapi/choose-identity.ts';
import type { FedIdentity } from './identity-feed.ts';
import type { IdentityOutput } from './identity-output.ts';
import type { Latest } from './latest.ts';
import { changedParts, digestParts, type Part, type PartDigests } from './parts.ts';
import type { Reactions } from './reactions.ts';
import type { Readiness } from './readiness.ts';
import type { WatchEvent } from './watch-event.ts';

/** What a keeper is made of. */
export interface KeeperOptions {
  readonly clock: Clock;
  /** Identities, or that there is none any more and what is written has to go. */
  readonly feed: Latest<FedIdentity | 'revoked'>;
  readonly choice: IdentityChoice;
  /** Whether all identities count, or the first that is meant alone. */
  readonly keepsAll: boolean;
  readonly output: IdentityOutput;
  readonly reactions: Reactions;
  /** The changes that reactions are told of; all of it is written all the same. */
  readonly counts: ReadonlySet<Part>;
  readonly readiness: Readiness;
  readonly tell: (event: WatchEvent) => void;
  /** Called once all that was asked for is written for the first time, with its reactions begun. */
  readonly onComplete: () => void;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

/** A machine that slept has a clock that went on: it is looked at so often. */
const LOOK_EVERY_MS = 30_000;

/** Writes what comes, tells of what has changed, and tries again what could not be written. */
export class Keeper {
  readonly #options: KeeperOptions;
  #digests: PartDigests | undefined;
  #defaultId: string | undefined;
  #expiry: DueTime | undefined;
  /** What has changed and counts while nobody is told before all is there. */
  readonly #untold = new Set<Part>();
  #isComplete = false;
  /** Said once, not with every try. */
  #lastFailure: string | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts; a write that is under way is finished first. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, feed } = this.#options;
    let unwritten: FedIdentity | 'revoked' | undefined;
    let retry: DueTime | undefined;
    let failures = 0;
    while (!signal.aborted) {
      const waits = [retry, this.#expiry].flatMap((due) => (due === undefined ? [] : [msUntil(due, clock)]));
      const waitMs = waits.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...waits, LOOK_EVERY_MS);
      const came = await feed.take({ signal, waitMs });
      if (signal.aborted) return;
      this.#noticeExpiry();
      unwritten = came ?? unwritten;
      const isDue = came !== undefined || (retry !== undefined && msUntil(retry, clock) <= 0);
      if (unwritten === undefined || !isDue) continue;
      retry = undefined;
      try {
        await (unwritten === 'revoked' ? this.#remove() : this.#keep(unwritten));
        unwritten = undefined;
        failures = 0;
      } catch (cause) {
        const error = SpirekitError.from(cause);
        this.#failed(error);
        failures += 1;
        const delayMs = Math.min(failures * FIRST_RETRY_MS, LONGEST_RETRY_MS);
        retry = dueAt(clock.nowMs() + delayMs, clock, delayMs);
      }
    }
  }

  /** Whether there is something that was written and not removed since. */
  get hasIdentity(): boolean {
    return this.#digests !== undefined;
  }

  async #remove(): Promise<void> {
    const { output, readiness, reactions, tell } = this.#options;
    if (this.#digests === undefined) return;
    await output.remove();
    this.#digests = undefined;
    this.#untold.clear();
    this.#expiry = undefined;
    readiness.removed();
    tell({ event: 'removed', message: 'what was written is removed', ...folderOf(output) });
    const { folder } = output;
    reactions.push({ event: 'revoked', changed: [], spiffeId: '', folder, expiresAtMs: Number.NaN });
  }

  async #keep(fed: FedIdentity): Promise<void> {
    const { clock, choice, keepsAll, output, readiness, reactions, counts, tell } = this.#options;
    const svids = verifiedIdentities(fed.x509, choice, { nowMs: clock.nowMs(), onlyFirst: !keepsAll });
    const spiffeId = `${svids[0]?.id ?? ''}`;
    const jwtSvids = fed.jwtSvids.map(({ token }) => token);
    const digests = digestParts({ ...fed, svids, bundles: fed.x509.bundles, jwtSvids });
    const changed = changedParts(this.#digests, digests);
    const expiries = [
      ...svids.map(({ certificates }) => certificates[0]?.notAfterMs ?? 0),
      ...fed.jwtSvids.map(({ expiresAtMs }) => expiresAtMs),
    ];
    const expiresAtMs = Math.min(...expiries);
    await output.write({ x509: fed.x509, jwtSvids, jwtBundles: fed.jwtBundles });
    this.#noticeDefault(spiffeId);
    const isFirst = this.#digests === undefined;
    this.#lastFailure = undefined;
    this.#digests = digests;
    this.#expiry = dueAt(expiresAtMs, clock);
    readiness.written({ spiffeId, expiresAtMs, missing: fed.missing });
    if (changed.length > 0) {
      const message = `${changed.join(', ')} changed`;
      tell({ event: 'written', message, spiffeId, changed, expiresAtMs, ...folderOf(output) });
    }
    if (fed.missing.length > 0) tell({ event: 'incomplete', message: `still missing: ${fed.missing.join(', ')}` });
    for (const part of changed) if (counts.has(part)) this.#untold.add(part);
    if (fed.missing.length > 0 && !this.#isComplete) return;
    // The first time nothing of it may count, and yet whoever waits for it has to begin.
    if (isFirst || !this.#isComplete || this.#untold.size > 0) {
      const { folder } = output;
      reactions.push({ event: 'update', changed: [...this.#untold], spiffeId, folder, expiresAtMs });
      this.#untold.clear();
    }
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.#options.onComplete();
  }

  #failed(error: SpirekitError): void {
    const { readiness, tell, output } = this.#options;
    readiness.failed(error.message);
    if (error.message === this.#lastFailure) return;
    this.#lastFailure = error.message;
    tell({ event: 'write-failed', code: 'SPK-7103', message: error.message, ...folderOf(output) });
  }

  #noticeDefault(spiffeId: string): void {
    const before = this.#defaultId;
    this.#defaultId = spiffeId;
    const isChosen = Object.values(this.#options.choice).some((value) => value !== undefined);
    if (before === undefined || before === spiffeId || isChosen) return;
    this.#options.tell({
      event: 'default-changed',
      code: 'SPK-7102',
      message: `the default identity was ${before} and is ${spiffeId} now`,
      spiffeId,
    });
  }

  #noticeExpiry(): void {
    const { clock, tell, output } = this.#options;
    if (this.#expiry === undefined || msUntil(this.#expiry, clock) > 0) return;
    this.#expiry = undefined;
    tell({ event: 'expired', code: 'SPK-7106', message: 'what is kept has expired', ...folderOf(output) });
  }
}

function folderOf({ folder }: IdentityOutput): { readonly folder?: string } {
  return folder === undefined ? {} : { folder };
}
