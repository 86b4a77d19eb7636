import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import type { Clock } from '../../../../../src/lib/runtime/clock.ts';
import { SpirekitError } from '../../../../../src/lib/runtime/errors.ts';
import { signUpstreamCa } from '../../../../../src/lib/server/plugin/upstreamauthority/sign-upstream-ca.ts';
import type {
  MintedX509Ca,
  MintX509CaRequest,
  PublishedJwtKey,
  UpstreamAuthority,
  UpstreamBundle,
} from '../../../../../src/lib/server/plugin/upstreamauthority/upstream-authority.ts';
import type { KeyAuthority, X509Authority } from '../../../../../src/lib/spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { makeCa, type TestCa } from './certificate-tree.ts';

/** An upstream authority in memory that does what a test tells it: rotates, taints, revokes, fails, falls silent. */
export class FakeUpstreamAuthority implements UpstreamAuthority {
  readonly name = 'fake';
  /** Set by tests to have calls fail. */
  failure: SpirekitError | undefined;
  /** Set by tests to have calls wait until they are given up. */
  isSilent = false;
  /** Whether it takes JWT keys. */
  takesJwtKeys = true;
  minted = 0;
  readonly #trustDomain: TrustDomain;
  readonly #clock: Clock;
  #signing: TestCa;
  #intermediates: readonly TestCa[] = [];
  #x509Authorities: readonly X509Authority[];
  #jwtAuthorities: readonly KeyAuthority[] = [];
  #told: readonly X509Authority[] | undefined;
  readonly #watchers = new Set<() => void>();

  private constructor(trustDomain: TrustDomain, clock: Clock, root: TestCa) {
    this.#trustDomain = trustDomain;
    this.#clock = clock;
    this.#signing = root;
    this.#x509Authorities = [{ certificate: root.certificate.der, tainted: false }];
  }

  static async open(trustDomain: TrustDomain, clock: Clock): Promise<FakeUpstreamAuthority> {
    return new FakeUpstreamAuthority(trustDomain, clock, await makeCa('root 1', { nowMs: clock.nowMs() }));
  }

  /** Subject key identifier in hex of the CA that signs. */
  get signingKeyId(): string {
    return keyIdOf(this.#signing.certificate);
  }

  /** All of them, as they are now. */
  get roots(): readonly X509Authority[] {
    return this.#x509Authorities;
  }

  /** A new root signs from now on; the one before stays in the bundle. */
  async rotate(options: { readonly intermediates?: number } = {}): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const root = await makeCa(`root ${this.#x509Authorities.length + 1}`, { nowMs });
    this.#x509Authorities = [...this.#x509Authorities, { certificate: root.certificate.der, tainted: false }];
    this.#signing = root;
    this.#intermediates = [];
    for (let count = 0; count < (options.intermediates ?? 0); count += 1) {
      const next = await makeCa(`intermediate ${count}`, { above: this.#signing, nowMs });
      this.#intermediates = [next, ...this.#intermediates];
      this.#signing = next;
    }
    this.#tell();
  }

  /** Taints its first root. */
  taintFirst(): void {
    this.#x509Authorities = this.#x509Authorities.map((root, index) =>
      index === 0 ? { ...root, tainted: true } : root,
    );
    this.#tell();
  }

  /** Takes its first root away. */
  revokeFirst(): void {
    this.#x509Authorities = this.#x509Authorities.slice(1);
    this.#tell();
  }

  /** Tells once of a bundle in which this root is missing, as it was before. */
  tellWithout(index: number): void {
    this.#told = this.#x509Authorities.filter((_, at) => at !== index);
    this.#tell();
  }

  /** Changes what it says of a JWT key; undefined takes the key away. */
  changeJwtKey(keyId: string, change: Partial<KeyAuthority> | undefined): void {
    this.#jwtAuthorities = this.#jwtAuthorities.flatMap((key) => {
      if (key.keyId !== keyId) return [key];
      return change === undefined ? [] : [{ ...key, ...change }];
    });
    this.#tell();
  }

  async mintX509Ca(request: MintX509CaRequest, options: { readonly signal: AbortSignal }): Promise<MintedX509Ca> {
    await this.#answer(options.signal);
    this.minted += 1;
    const ca = { certificate: this.#signing.certificate, signer: signerFromKey(this.#signing.privateKey) };
    const certificate = await signUpstreamCa(ca, request, { trustDomain: this.#trustDomain, clock: this.#clock });
    const above = this.#intermediates.map((intermediate) => intermediate.certificate);
    return {
      chain: [certificate, ...above],
      roots: this.#x509Authorities,
    };
  }

  async publishJwtKey(key: KeyAuthority, options: { readonly signal: AbortSignal }): Promise<PublishedJwtKey> {
    await this.#answer(options.signal);
    if (!this.takesJwtKeys) throw new SpirekitError('unimplemented', 'no keys');
    this.#jwtAuthorities = [...this.#jwtAuthorities, key];
    return { keys: this.#jwtAuthorities };
  }

  async *watchBundle({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<UpstreamBundle> {
    for (;;) {
      await this.#answer(signal);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const onAbort = (): void => reject(signal.reason);
      promise.catch(() => {});
      this.#watchers.add(resolve);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const x509Authorities = this.#told ?? this.#x509Authorities;
        this.#told = undefined;
        yield { x509Authorities, jwtAuthorities: this.#jwtAuthorities };
        await promise;
      } finally {
        this.#watchers.delete(resolve);
        signal.removeEventListener('abort', onAbort);
      }
    }
  }

  async #answer(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    if (!this.isSilent) return;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  }

  #tell(): void {
    for (const wake of this.#watchers) wake();
  }
}

function keyIdOf({ subjectKeyId }: TestCa['certificate']): string {
  return Buffer.from(subjectKeyId ?? []).toString('hex');
}
