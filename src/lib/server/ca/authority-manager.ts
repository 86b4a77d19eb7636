import type { Certificate } from '../../crypto/certificate.ts';
import { type KeyType, publicKeyDer, subjectKeyId } from '../../crypto/key.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import { emptyAuthorityBundle, type KeyAuthority } from '../../spiffe/authority-bundle.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { AuthorityStore, BundleStore } from '../datastore/bundle-store.ts';
import type { CaJournalStore } from '../datastore/ca-journal-store.ts';
import { Housekeeping } from '../housekeeping.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { UpstreamAuthority } from '../plugin/upstreamauthority/upstream-authority.ts';
import type { JwtKey, X509Ca } from './authority.ts';
import { countAuthority, countX509Cas, JWT_KEY_METRICS } from './counted-authority.ts';
import type { CredentialSettings } from './credential-settings.ts';
import { CaJournal } from './journal.ts';
import { pruneCaJournals } from './journal-pruning.ts';
import { jwtKeyKind } from './jwt-key-kind.ts';
import { RotatingAuthority } from './rotating-authority.ts';
import type { SigningCa } from './signing-ca.ts';
import { stoppableKeys } from './stoppable-keys.ts';
import { Upstream } from './upstream/upstream.ts';
import { x509CaKind } from './x509-ca-kind.ts';

/** What the authorities of a server depend on. */
export interface AuthorityManagerDeps {
  readonly settings: CredentialSettings;
  readonly caKeyType: KeyType;
  readonly jwtKeyType: KeyType;
  readonly keyManager: KeyManager;
  /** Signs the X.509 CAs of this server; without one they are roots. */
  readonly upstreamAuthority: UpstreamAuthority | undefined;
  readonly bundles: BundleStore & AuthorityStore;
  readonly journals: CaJournalStore;
  /** Signs with what this manager gives it. */
  readonly ca: SigningCa;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /**
   * Called before the first key is made, if the datastore knows no authorities of this server; `foundKeys` tells whether
   * the key manager holds keys all the same, which would be replaced. Throws to stop the start.
   */
  readonly onFirstStart: (foundKeys: boolean) => Promise<void>;
  /** Ends the opening. */
  readonly signal?: AbortSignal | undefined;
}

/** The clock is looked at so often, since it may be set and the machine may have slept. */
const ROTATE_EVERY_MS = 10_000;

/** However short the authorities live, they are not looked at more often. */
const LEAST_PAUSE_MS = 100;

/** After a failure: a tenth of what the authority in use has left, between this and {@link ROTATE_EVERY_MS}. */
const LEAST_RETRY_MS = 1_000;

const PRUNE_BUNDLE_EVERY_MS = 6 * 60 * 60 * 1000;
const PRUNE_JOURNALS_EVERY_MS = 8 * 60 * 60 * 1000;

/** Authorities stay in the bundle this long after their end. */
const BUNDLE_SAFETY_SECONDS = 24 * 60 * 60;

/** Rotations that may fail before {@link AuthorityManager.isHealthy} says no. */
const TOLERATED_FAILURES = 10;

/**
 * Owns the authorities of this server over their whole life: takes them up at start, prepares, activates and forgets
 * them. Preparing and activating by hand (`localauthority`) goes through {@link x509} and {@link jwt}.
 */
export class AuthorityManager implements AsyncDisposable {
  readonly x509: RotatingAuthority<X509Ca>;
  /** Undefined where JWT-SVIDs are turned off. */
  readonly jwt: RotatingAuthority<JwtKey> | undefined;
  readonly #deps: AuthorityManagerDeps;
  readonly #upstream: Upstream | undefined;
  readonly #housekeeping: Housekeeping;
  /** Ends calls of keys that are elsewhere. */
  readonly #stopping: AbortController;
  #failures = 0;

  private constructor(
    deps: AuthorityManagerDeps,
    authorities: Pick<AuthorityManager, 'x509' | 'jwt'>,
    upstream: Upstream | undefined,
    stopping: AbortController,
  ) {
    this.#deps = deps;
    this.#stopping = stopping;
    this.x509 = authorities.x509;
    this.jwt = authorities.jwt;
    this.#upstream = upstream;
    this.#housekeeping = new Housekeeping(deps);
  }

  /**
   * Takes up the authorities of the last run or makes the first ones; when it resolves the CA can sign. From then on it
   * keeps them fresh by itself.
   *
   * Errors: `data-loss` for a damaged journal and for a lost key; what the key manager, the datastore and the upstream
   * authority throw.
   */
  static async open(deps: AuthorityManagerDeps): Promise<AuthorityManager> {
    const { settings, clock, log, ca, upstreamAuthority } = deps;
    await using opening = new ResourceStack();
    const stopping = new AbortController();
    using _ = abortWith(deps.signal, stopping);
    const keyManager = stoppableKeys(deps.keyManager, stopping.signal);
    const keys = await keyManager.listKeys();
    const keyIds = keys.map((key) => Buffer.from(subjectKeyId(publicKeyDer(key.publicKey))).toString('hex'));
    const journal = await CaJournal.open(deps.journals, log, keyIds);
    if (journal.isNew) await deps.onFirstStart(keys.length > 0);
    const { trustDomain } = settings;
    const upstream =
      upstreamAuthority && opening.use(new Upstream({ ...deps, authority: upstreamAuthority, trustDomain }));
    const shared = { settings, keyManager, bundles: deps.bundles, clock };
    const x509Kind = x509CaKind({
      ...shared,
      upstream: upstream?.client,
      keyType: deps.caKeyType,
      use: (authority) => ca.useX509Ca(authority),
    });
    const jwtKind = jwtKeyKind({
      ...shared,
      publish: (key) => publishJwtKey(deps, upstream, key),
      keyType: deps.jwtKeyType,
      use: (key) => ca.useJwtKey(key),
    });
    const counters = { clock, metrics: deps.metrics };
    const rotation = { journal, log, nowSeconds: () => clock.nowMs() / 1000 };
    const manager = new AuthorityManager(
      deps,
      {
        x509: await RotatingAuthority.open(countX509Cas(x509Kind, trustDomain, counters), rotation),
        jwt: settings.isJwtSvidEnabled
          ? await RotatingAuthority.open(countAuthority(jwtKind, JWT_KEY_METRICS, counters), rotation)
          : undefined,
      },
      upstream,
      stopping,
    );
    await manager.#warnOfNewRoot();
    // One after the other: there is no journal for JWT keys before there is an X.509 CA.
    await manager.x509.tick();
    await manager.jwt?.tick();
    upstream?.start(manager.x509);
    manager.#housekeeping.start([
      { name: 'rotating authorities', everyMs: () => manager.#untilNextLookMs(), run: () => manager.#rotate() },
      {
        name: 'pruning the bundle',
        everyMs: PRUNE_BUNDLE_EVERY_MS,
        metric: ['ca', 'manager', 'bundle', 'prune'],
        run: (now) => manager.#pruneBundle(now),
      },
      {
        name: 'pruning CA journals',
        everyMs: PRUNE_JOURNALS_EVERY_MS,
        run: (now) => pruneCaJournals(deps.journals, now, log),
      },
    ]);
    if (upstream !== undefined) {
      const name = 'looking for tainted roots';
      manager.#housekeeping.start([{ name, everyMs: ROTATE_EVERY_MS, run: () => upstream.review() }]);
    }
    opening.move();
    return manager;
  }

  /** Whether the X.509 CAs of this server are signed by an authority above it. */
  get hasUpstream(): boolean {
    return this.#upstream !== undefined;
  }

  /** Takes a JWT key to where those of the trust domain come together: upstream, or the own bundle; resolves with all. */
  publishJwtKey(key: KeyAuthority): Promise<readonly KeyAuthority[]> {
    return publishJwtKey(this.#deps, this.#upstream, key);
  }

  /** Calls back with each root that upstream has tainted, once nothing new is signed below it. */
  onTaintedRoot(listener: (root: Certificate) => void): void {
    this.#upstream?.onTaintedRoot(listener);
  }

  /** False once rotation has failed many times in a row. */
  get isHealthy(): boolean {
    return this.#failures <= TOLERATED_FAILURES;
  }

  /** Resolves when what the timers started so far is done. */
  async settled(): Promise<void> {
    await this.#housekeeping.settled();
    await this.#upstream?.settled();
  }

  /** Stops the timers and waits for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    // First: a rotation under way may be waiting for a key that is elsewhere, or for the upstream authority.
    this.#stopping.abort(new SpirekitError('unavailable', 'the server is stopping'));
    await this.#upstream?.[Symbol.asyncDispose]();
    await this.#housekeeping[Symbol.asyncDispose]();
  }

  /** Exact, so that authorities that live for less than a minute rotate without a gap, too. */
  #untilNextLookMs(): number {
    const nowMs = this.#deps.clock.nowMs();
    if (this.#failures > 0) {
      const inUse = [this.x509, ...(this.jwt === undefined ? [] : [this.jwt])];
      const end = Math.min(...inUse.map(({ current }) => current.authority?.notAfterSeconds ?? 0));
      return between(LEAST_RETRY_MS, (end * 1000 - nowMs) / 10, ROTATE_EVERY_MS);
    }
    const due = Math.min(this.x509.dueSeconds, this.jwt?.dueSeconds ?? Number.POSITIVE_INFINITY);
    return between(LEAST_PAUSE_MS, due * 1000 - nowMs, ROTATE_EVERY_MS);
  }

  /** Agents know a server by the roots they have. */
  async #warnOfNewRoot(): Promise<void> {
    const { bundles, settings, log } = this.#deps;
    if (this.hasUpstream || this.x509.current.authority !== undefined) return;
    const bundle = await bundles.findBundle(settings.trustDomain);
    if (bundle === undefined || bundle.x509Authorities.length === 0) return;
    log.warn(
      'No X509 CA of an earlier run can sign any more, so this server begins with a new root; agents that do not have it must bootstrap again',
      { trust_domain_id: settings.trustDomain.id() },
    );
  }

  async #rotate(): Promise<void> {
    const { log } = this.#deps;
    let hasFailed = false;
    for (const authority of [this.x509, this.jwt]) {
      try {
        await authority?.tick();
      } catch (error) {
        hasFailed = true;
        log.error(authority === this.x509 ? 'Unable to rotate X509 CA' : 'Unable to rotate JWT key', { error });
      }
    }
    this.#failures = hasFailed ? this.#failures + 1 : 0;
  }

  async #pruneBundle(nowSeconds: number): Promise<void> {
    const { bundles, settings, log, metrics } = this.#deps;
    if (await bundles.pruneBundle(settings.trustDomain, nowSeconds - BUNDLE_SAFETY_SECONDS)) {
      metrics.incrementCounter(['ca', 'manager', 'bundle', 'pruned']);
      log.debug('Expired certificates were successfully pruned from bundle');
    }
  }
}

/** As long as this is not disposed of, one that aborts takes the other with it. */
function abortWith(signal: AbortSignal | undefined, controller: AbortController): Disposable {
  const onAbort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', onAbort) };
}

async function publishJwtKey(
  { bundles, settings }: AuthorityManagerDeps,
  upstream: Upstream | undefined,
  key: KeyAuthority,
): Promise<readonly KeyAuthority[]> {
  if (upstream !== undefined) return await upstream.client.publishJwtKey(key);
  const added = { ...emptyAuthorityBundle(settings.trustDomain), jwtAuthorities: [key] };
  return (await bundles.appendBundle(added)).jwtAuthorities;
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
