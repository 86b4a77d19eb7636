import { SpirekitError } from '../../runtime/errors.ts';
import type { LogFields, Logger } from '../../runtime/logger.ts';
import { type Authority, type AuthorityStatus, activationTime, preparationTime, type SlotId } from './authority.ts';
import type { Unusable } from './authority-kind-deps.ts';
import type { CaJournal, JournalKind } from './journal.ts';
import type { JournalEntry, UpstreamOrigin } from './journal-format.ts';

/** What differs between kinds of authority. */
export interface AuthorityKind<T extends Authority> {
  /** As in log lines: `X509 CA`. */
  readonly label: string;
  readonly journalKind: JournalKind;
  /** Makes a key in the slot, replacing the one there, and the authority on it. */
  create(slotId: SlotId): Promise<T>;
  /** What the journal keeps of it beside times and ids. */
  publicDer(authority: T): Uint8Array;
  /** Where it comes from, if not from here. */
  origin?(authority: T): UpstreamOrigin | undefined;
  /**
   * Makes the authority of an entry again, or tells why it cannot be used: its key is gone, or consumers do not have it
   * in their bundle.
   */
  restore(entry: JournalEntry): Promise<T | Unusable>;
  /** Adds it to the trust bundle, so that consumers know it before it signs. */
  publish(authority: T): Promise<void>;
  /** From now on this one signs. */
  use(authority: T): void;
  /** More fields for log lines. */
  describe(authority: T): LogFields;
}

/** A slot as others may see it. */
export interface SlotView<T extends Authority> {
  readonly id: SlotId;
  /** Undefined while nothing was ever made in it. */
  readonly status: AuthorityStatus | undefined;
  /** The one of this slot; an old one signs no more. */
  readonly authority: T | undefined;
}

/** Real agents ask for the bundle every 5 s: within this everybody who asks has a new authority. */
const SPREAD_SECONDS = 10;

/**
 * One kind of authority in its two slots: `current` signs, `next` is prepared or holds the one before. Calls that change
 * something run one after the other.
 */
export class RotatingAuthority<T extends Authority> {
  readonly #kind: AuthorityKind<T>;
  readonly #journal: CaJournal;
  readonly #log: Logger;
  readonly #nowSeconds: () => number;
  #current: SlotView<T>;
  #next: SlotView<T>;
  /** Since when agents could have learned of the next authority. */
  #spreadingSinceSeconds: number;
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(
    kind: AuthorityKind<T>,
    deps: RotatingAuthorityDeps,
    slots: { current: SlotView<T>; next: SlotView<T> },
  ) {
    this.#kind = kind;
    this.#journal = deps.journal;
    this.#log = deps.log;
    this.#nowSeconds = deps.nowSeconds;
    this.#current = slots.current;
    this.#next = slots.next;
    this.#spreadingSinceSeconds = deps.nowSeconds();
  }

  /**
   * Takes up what the journal tells; an authority that was active and has not ended signs at once.
   *
   * Error: `data-loss` if the key is gone of one that signs or is to sign.
   */
  static async open<T extends Authority>(
    kind: AuthorityKind<T>,
    deps: RotatingAuthorityDeps,
  ): Promise<RotatingAuthority<T>> {
    const rotating = new RotatingAuthority(kind, deps, await loadSlots(kind, deps));
    if (rotating.#isUsable(rotating.#current)) await rotating.#activateCurrent();
    return rotating;
  }

  get current(): SlotView<T> {
    return this.#current;
  }

  get next(): SlotView<T> {
    return this.#next;
  }

  /** When {@link tick} has something to do, in seconds since the Unix epoch; past or now if it has already. */
  get dueSeconds(): number {
    const { authority } = this.#current;
    if (authority === undefined || !this.#isUsable(this.#current)) return this.#nowSeconds();
    return this.#isUsable(this.#next) ? this.#activationTime(authority) : preparationTime(authority);
  }

  /** Prepares the next authority; it is in the bundle when this resolves, with it. */
  prepare(): Promise<T> {
    return this.#change(() => this.#prepare('next'));
  }

  /**
   * The prepared authority takes over; resolves with it.
   *
   * @param authorityId which one is meant, if that matters: `invalid-argument` if another one stands there
   *
   * Error: `failed-precondition` if none is prepared.
   */
  rotate(authorityId?: string): Promise<T> {
    return this.#change(async () => {
      if (authorityId !== undefined && authorityId !== this.#next.authority?.authorityId) {
        throw new SpirekitError('invalid-argument', 'unexpected authority ID');
      }
      return await this.#rotate();
    });
  }

  /** Does what the time asks for: makes the first authority, prepares the next one, lets it take over. */
  tick(): Promise<void> {
    return this.#change(async () => {
      if (!this.#isUsable(this.#current)) {
        if (this.#isUsable(this.#next)) await this.#rotate();
        else {
          await this.#prepare('current');
          await this.#activateCurrent();
        }
      }
      const { authority } = this.#current;
      if (authority === undefined) return;
      if (!this.#isUsable(this.#next) && this.#nowSeconds() >= preparationTime(authority)) await this.#prepare('next');
      if (this.#isUsable(this.#next) && this.#nowSeconds() >= this.#activationTime(authority)) await this.#rotate();
    });
  }

  /**
   * A successor that was prepared late, or in vain while nobody could ask, waits until agents know it, but not so long
   * that the end of this authority comes near.
   */
  #activationTime(authority: T): number {
    const since = this.#spreadingSinceSeconds;
    const left = Math.max(0, authority.notAfterSeconds - since);
    return Math.max(activationTime(authority), since + Math.min(SPREAD_SECONDS, left / 2));
  }

  async #prepare(position: 'current' | 'next'): Promise<T> {
    // The store must not say of a key that it signs when it is replaced: nothing else leads to the journal.
    await this.#journal.flush();
    const slot = position === 'current' ? this.#current : this.#next;
    this.#log.debug(`Preparing ${this.#kind.label}`, { slot: slot.id });
    // Its key is replaced, so whatever happens below this slot has nothing to sign with.
    this.#setSlot(position, { ...slot, status: slot.status && 'old' });
    const authority = await this.#kind.create(slot.id);
    // First the journal, then the bundle: what is in the bundle can always be taken up again.
    await this.#journal.append(this.#kind.journalKind, {
      slotId: slot.id,
      authorityId: authority.authorityId,
      issuedAtSeconds: authority.issuedAtSeconds,
      notAfterSeconds: authority.notAfterSeconds,
      status: 'prepared',
      publicDer: this.#kind.publicDer(authority),
      upstream: this.#kind.origin?.(authority),
    });
    await this.#kind.publish(authority);
    this.#setSlot(position, { id: slot.id, status: 'prepared', authority });
    this.#spreadingSinceSeconds = this.#nowSeconds();
    this.#log.info(`${this.#kind.label} prepared`, this.#fields(slot.id, authority));
    return authority;
  }

  async #rotate(): Promise<T> {
    const { status, authority } = this.#next;
    if (status !== 'prepared' || authority === undefined) {
      throw new SpirekitError('failed-precondition', `no ${this.#kind.label} is prepared`);
    }
    [this.#current, this.#next] = [this.#next, { ...this.#current, status: 'old' }];
    await this.#activateCurrent();
    return authority;
  }

  async #activateCurrent(): Promise<void> {
    const { id, authority } = this.#current;
    if (authority === undefined) return;
    const fields = this.#fields(id, authority);
    this.#log.info(`${this.#kind.label} activated`, fields);
    this.#current = { id, status: 'active', authority };
    try {
      await this.#journal.activate(this.#kind.journalKind, authority.authorityId);
    } catch (error) {
      // It is in the journal as prepared, so a restart takes it up again; not to sign would be an outage.
      this.#log.error(`Failed to update status on ${this.#kind.label} journal entry`, { ...fields, error });
    }
    this.#kind.use(authority);
  }

  #isUsable({ status, authority }: SlotView<T>): boolean {
    if (authority === undefined || authority.notAfterSeconds <= this.#nowSeconds()) return false;
    return status === 'prepared' || status === 'active';
  }

  #setSlot(position: 'current' | 'next', slot: SlotView<T>): void {
    if (position === 'current') this.#current = slot;
    else this.#next = slot;
  }

  #fields(slotId: SlotId, authority: T): LogFields {
    return {
      slot: slotId,
      issued_at: new Date(authority.issuedAtSeconds * 1000),
      expiration: new Date(authority.notAfterSeconds * 1000),
      local_authority_id: authority.authorityId,
      ...this.#kind.describe(authority),
    };
  }

  #change<R>(work: () => Promise<R>): Promise<R> {
    const change = this.#lastChange.then(work);
    this.#lastChange = change.catch(() => undefined);
    return change;
  }
}

/** What every kind of authority needs. */
export interface RotatingAuthorityDeps {
  readonly journal: CaJournal;
  readonly log: Logger;
  /** Seconds since the Unix epoch, with their fraction. */
  readonly nowSeconds: () => number;
}

async function loadSlots<T extends Authority>(
  kind: AuthorityKind<T>,
  deps: RotatingAuthorityDeps,
): Promise<{ current: SlotView<T>; next: SlotView<T> }> {
  let active: SlotView<T> | undefined;
  let other: SlotView<T> | undefined;
  for (const entry of deps.journal.entries(kind.journalKind).toReversed()) {
    const slot = await loadSlot(kind, deps, entry);
    if (slot === undefined) continue;
    if (slot.status === 'active') active ??= slot;
    else other ??= slot;
  }
  const current = active ?? other ?? emptySlot('A');
  const next = active !== undefined && other !== undefined ? other : emptySlot(current.id === 'A' ? 'B' : 'A');
  return { current, next };
}

async function loadSlot<T extends Authority>(
  kind: AuthorityKind<T>,
  deps: RotatingAuthorityDeps,
  entry: JournalEntry,
): Promise<SlotView<T> | undefined> {
  const isExpired = entry.notAfterSeconds <= deps.nowSeconds();
  const restored: T | Unusable = isExpired ? { unusable: 'slot expired' } : await kind.restore(entry);
  if (!('unusable' in restored)) return { id: entry.slotId, status: entry.status, authority: restored };
  if (restored.isKeyLost === true && entry.status !== 'old') throw keyLost(kind, entry);
  deps.log.warn(`${kind.label.replace(' ', '')} slot unusable`, {
    slot: entry.slotId,
    status: entry.status,
    local_authority_id: entry.authorityId,
    ...(entry.upstream && { upstream_authority_id: entry.upstream.authorityId }),
    error: restored.unusable,
  });
  return undefined;
}

function emptySlot(id: SlotId): SlotView<never> {
  return { id, status: undefined, authority: undefined };
}

function keyLost<T extends Authority>({ label }: AuthorityKind<T>, entry: JournalEntry): SpirekitError {
  return new SpirekitError(
    'data-loss',
    `the key manager has lost the key of the ${entry.status} ${label} in slot ${entry.slotId} (authority ID ${entry.authorityId}); restore the keys and the datastore from one backup, since starting without it would replace a signing key of the trust domain`,
  );
}
