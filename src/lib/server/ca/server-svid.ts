import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../crypto/certificate.ts';
import { leadsTo } from '../../crypto/chain.ts';
import { generateKey, type KeyType } from '../../crypto/key.ts';
import { signerFromKey } from '../../crypto/signer.ts';
import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { DUE_NOW, type DueTime, dueAt, msUntil } from '../../runtime/due-time.ts';
import type { Logger } from '../../runtime/logger.ts';
import { countCall } from '../../telemetry/call-counter.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { ServerCa } from './server-ca.ts';

/** The server's own X509-SVID and its key. */
export interface ServerSvid {
  /** Leaf first, without the root. */
  readonly certificates: readonly Certificate[];
  readonly privateKey: KeyObject;
}

/** What the rotation of the server's X509-SVID depends on. */
export interface ServerSvidSourceDeps {
  readonly ca: ServerCa;
  readonly keyType: KeyType;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The clock is looked at so often, since it may be set and the machine may have slept. */
const LOOK_EVERY_MS = 5_000;

/** One that is cut short because its issuer ends may be due as soon as it is made. */
const LEAST_PAUSE_MS = 1_000;

/** Holds the X509-SVID that the server shows to agents, and replaces it at half its life. */
export class ServerSvidSource implements AsyncDisposable {
  readonly #deps: ServerSvidSourceDeps;
  #current: ServerSvid;
  /** At half of its life. */
  #due: DueTime;
  #onRotate: () => void = () => {};
  #isForced = false;
  #hasFailed = false;
  #cancel: CancelTimer = () => {};
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(deps: ServerSvidSourceDeps, first: ServerSvid) {
    this.#deps = deps;
    this.#current = first;
    this.#due = halfLife(first, deps.clock);
  }

  /** Rejects with what the CA throws. */
  static async open(deps: ServerSvidSourceDeps): Promise<ServerSvidSource> {
    const source = new ServerSvidSource(deps, await rotate(deps));
    source.#arm();
    return source;
  }

  get current(): ServerSvid {
    return this.#current;
  }

  /** Calls back after each replacement, in place of an earlier listener. */
  onRotate(listener: () => void): void {
    this.#onRotate = listener;
  }

  /** Has the SVID replaced now, whatever its age, if it leads to this tainted root. */
  taint(root: Certificate): void {
    if (!leadsTo(this.#current.certificates, [root], this.#deps.clock.nowMs())) return;
    this.#deps.log.info('Server SVID signed using a tainted authority, forcing rotation of the Server SVID');
    this.#isForced = true;
    this.#arm();
  }

  /** Stops looking. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#work;
  }

  #arm(): void {
    this.#cancel();
    if (this.#isClosed) return;
    const look = (): void => {
      this.#work = this.#work.then(() => this.#look()).then(() => this.#arm());
    };
    this.#cancel = this.#deps.clock.schedule(this.#untilNextLookMs(), look, { unref: true });
  }

  #untilNextLookMs(): number {
    if (this.#isForced && !this.#hasFailed) return 0;
    const { clock } = this.#deps;
    const [leaf] = this.#current.certificates;
    const dueMs = this.#hasFailed ? ((leaf?.notAfterMs ?? 0) - clock.nowMs()) / 10 : msUntil(this.#due, clock);
    return Math.max(LEAST_PAUSE_MS, Math.min(dueMs, LOOK_EVERY_MS));
  }

  async #look(): Promise<void> {
    if (!this.#isForced && msUntil(this.#due, this.#deps.clock) > 0) return;
    try {
      this.#current = await rotate(this.#deps);
      this.#due = halfLife(this.#current, this.#deps.clock);
      this.#isForced = false;
      this.#hasFailed = false;
      this.#onRotate();
    } catch (error) {
      this.#hasFailed = true;
      this.#deps.log.error('Could not rotate server SVID', { error });
    }
  }
}

function rotate(deps: ServerSvidSourceDeps): Promise<ServerSvid> {
  return countCall(deps, ['svid', 'rotate'], () => newSvid(deps));
}

async function newSvid({ ca, keyType, log }: ServerSvidSourceDeps): Promise<ServerSvid> {
  log.debug('Rotating server SVID');
  const privateKey = await generateKey(keyType);
  const certificates = await ca.signServerX509Svid({ publicKey: signerFromKey(privateKey).publicKey });
  const [leaf] = certificates;
  log.debug('Signed X509 SVID', { spiffe_id: leaf?.uris[0], expiration: leaf?.notAfter });
  return { certificates, privateKey };
}

function halfLife({ certificates: [leaf] }: ServerSvid, clock: Clock): DueTime {
  return leaf === undefined ? DUE_NOW : dueAt(leaf.notBeforeMs + (leaf.notAfterMs - leaf.notBeforeMs) / 2, clock);
}
