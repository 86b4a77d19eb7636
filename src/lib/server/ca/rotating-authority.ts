import { SpirekitError } from '../../runtime/errors.ts';
import type { LogFields, Logger } from '../../runtime/logger.ts';
import { type Authority, type AuthorityStatus, activationTime, preparationTime, type SlotId } from './authority.ts';
import type { CaJournal, JournalKind } from './journal.ts';
import type { JournalEntry } from './journal-format.ts';

/** What differs between kinds of authority. */
export interface AuthorityKind<T extends Authority> {
  /** As in log lines: `X509 CA`. */
  readonly label: string;
  readonly journalKind: JournalKind;
  /** Makes a key in the slot, replacing the one there, and the authority on it. */
  create(slotId: SlotId): Promise<T>;
  /** What the journal keeps of it beside times and ids. */
  publicDer(authority: T): Uint8Array;
  /**
   * Makes the authority of an entry again, or tells why it cannot be used: its key is gone, or consumers do not have it
   * in their bundle.
   */
  restore(entry: JournalEntry): Promise<T | { readonly unusable: string }>;
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
  #lastChange: Promise<void> = Promise.resolve();

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
  }

  /** Takes up what the journal tells; an authority that is active and not near its end signs at once. */
  static async open<T extends Authority>(
    kind: AuthorityKind<T>,
    deps: RotatingAuthorityDeps,
  ): Promise<RotatingAuthority<T>> {
    const rotating = new RotatingAuthority(kind, deps, await loadSlots(kind, deps));
    const { authority } = rotating.#current;
    if (isUsable(rotating.#current) && authority && deps.nowSeconds() <= activationTime(authority)) {
      await rotating.#activateCurrent();
    }
    return rotating;
  }

  get current(): SlotView<T> {
    return this.#current;
  }

  get next(): SlotView<T> {
    return this.#next;
  }

  /** Prepares the next authority; it is in the bundle when this resolves. */
  prepare(): Promise<void> {
    return this.#change(() => this.#prepare());
  }

  /** The prepared authority takes over. Error: `failed-precondition` if none is prepared. */
  rotate(): Promise<void> {
    return this.#change(() => this.#rotate());
  }

  /** Does what the time asks for: makes the first authority, prepares the next one, lets it take over. */
  tick(): Promise<void> {
    return this.#change(async () => {
      if (!isUsable(this.#current)) {
        await this.#prepare();
        await this.#activateCurrent();
      }
      const { authority } = this.#current;
      if (authority === undefined) return;
      const now = this.#nowSeconds();
      if (!isUsable(this.#next) && now > preparationTime(authority)) await this.#prepare();
      if (now > activationTime(authority)) await this.#rotate();
    });
  }

  async #prepare(): Promise<void> {
    const isFirst = !isUsable(this.#current);
    const slot = isFirst ? this.#current : this.#next;
    this.#log.debug(`Preparing ${this.#kind.label}`, { slot: slot.id });
    // Its key is replaced, so whatever happens below this slot has nothing to sign with.
    this.#setSlot(isFirst, { ...slot, status: slot.status && 'old' });
    const authority = await this.#kind.create(slot.id);
    // First the journal, then the bundle: what is in the bundle can always be taken up again.
    await this.#journal.append(this.#kind.journalKind, {
      slotId: slot.id,
      authorityId: authority.authorityId,
      issuedAtSeconds: authority.issuedAtSeconds,
      notAfterSeconds: authority.notAfterSeconds,
      status: 'prepared',
      publicDer: this.#kind.publicDer(authority),
    });
    await this.#kind.publish(authority);
    this.#setSlot(isFirst, { id: slot.id, status: 'prepared', authority });
    this.#log.info(`${this.#kind.label} prepared`, this.#fields(slot.id, authority));
  }

  async #rotate(): Promise<void> {
    if (this.#next.status !== 'prepared') {
      throw new SpirekitError('failed-precondition', `no ${this.#kind.label} is prepared`);
    }
    [this.#current, this.#next] = [this.#next, { ...this.#current, status: 'old' }];
    await this.#activateCurrent();
  }

  async #activateCurrent(): Promise<void> {
    const { id, authority } = this.#current;
    if (authority === undefined) return;
    const fields = this.#fields(id, authority);
    this.#log.info(`${this.#kind.label} activated`, fields);
    this.#current = { id, status: 'active', authority };
    const replaced = this.#next.status === 'old' ? this.#next.authority : undefined;
    const statuses = new Map<string, AuthorityStatus>([[authority.authorityId, 'active']]);
    if (replaced) statuses.set(replaced.authorityId, 'old');
    try {
      await this.#journal.setStatus(this.#kind.journalKind, statuses);
    } catch (error) {
      // It is in the journal as prepared, so a restart takes it up again; not to sign would be an outage.
      this.#log.error(`Failed to update status on ${this.#kind.label} journal entry`, { ...fields, error });
    }
    this.#kind.use(authority);
  }

  #setSlot(isCurrent: boolean, slot: SlotView<T>): void {
    if (isCurrent) this.#current = slot;
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

  #change(work: () => Promise<void>): Promise<void> {
    const change = this.#lastChange.then(work);
    this.#lastChange = change.catch(() => undefined);
    return change;
  }
}

/** What every kind of authority needs. */
export interface RotatingAuthorityDeps {
  readonly journal: CaJournal;
  readonly log: Logger;
  /** Whole seconds since the Unix epoch. */
  readonly nowSeconds: () => number;
}

function isUsable(slot: SlotView<Authority>): boolean {
  return slot.authority !== undefined && (slot.status === 'prepared' || slot.status === 'active');
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
  const restored = entry.notAfterSeconds < deps.nowSeconds() ? { unusable: 'slot expired' } : await kind.restore(entry);
  if (!('unusable' in restored)) return { id: entry.slotId, status: entry.status, authority: restored };
  deps.log.warn(`${kind.label.replace(' ', '')} slot unusable`, {
    slot: entry.slotId,
    status: entry.status,
    local_authority_id: entry.authorityId,
    error: restored.unusable,
  });
  return undefined;
}

function emptySlot(id: SlotId): SlotView<never> {
  return { id, status: undefined, authority: undefined };
}
