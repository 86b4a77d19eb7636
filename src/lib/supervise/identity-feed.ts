import { type Clock, sleep } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { JWTBundlesResponse } from '../wire/gen/workload.ts';
import type { WorkloadApiClient } from '../workloadapi/client.ts';
import { watchStream } from '../workloadapi/watch.ts';
import { parseX509Context, type X509Context } from '../workloadapi/x509-context.ts';
import { JwtRefresh, type JwtToken } from './jwt-refresh.ts';
import type { Latest } from './latest.ts';

/** All that the agent has given so far, the newest of each. */
export interface FedIdentity {
  readonly x509: X509Context;
  /** In the order of the audiences that were asked for; empty until all are there. */
  readonly jwtSvids: readonly JwtToken[];
  /** JWK sets by the name of the trust domain. */
  readonly jwtBundles: ReadonlyMap<string, Uint8Array> | undefined;
  /** What was asked for and has not come yet, in words. */
  readonly missing: readonly string[];
}

/** Where something failed. */
export type FeedSource = 'x509' | 'jwt' | 'jwt-bundles';

/** What a feed asks for. */
export interface IdentityFeedOptions {
  readonly client: WorkloadApiClient;
  readonly clock: Clock;
  /** Each a list of names that one token is for. */
  readonly jwtAudiences: readonly JwtAudience[];
  readonly wantsJwtBundles: boolean;
  /** The identity that tokens are for; undefined if the answer has none that is wanted. */
  readonly chooseId: (context: X509Context) => string | undefined;
  readonly onFailure: (source: FeedSource, error: SpirekitError) => void;
  /** Called for each answer that can be used. */
  readonly onAnswer: (source: FeedSource) => void;
  /** For jitter; default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Whom one token is for. */
export interface JwtAudience {
  /** As it was written: the name of the token. */
  readonly name: string;
  readonly audience: readonly string[];
}

/** How long X.509-SVIDs wait for what else was asked for before the first of it is handed on without. */
const COMPANY_MS = 5000;

/**
 * Follows all that the agent gives to a workload: X.509-SVIDs, the keys of JWTs, and tokens, which are asked for anew at
 * half of their life. Streams that break are opened again with growing pauses.
 */
export class IdentityFeed {
  readonly #options: IdentityFeedOptions;
  readonly #target: Pick<Latest<FedIdentity>, 'put'>;
  #x509: X509Context | undefined;
  #jwtBundles: ReadonlyMap<string, Uint8Array> | undefined;
  readonly #tokens = new Map<string, JwtToken>();
  #chosenId: string | undefined;
  /** Whether what is there waits for what is missing, for a while. */
  #isPatient = true;
  #isWaiting = false;

  constructor(options: IdentityFeedOptions, target: Pick<Latest<FedIdentity>, 'put'>) {
    this.#options = options;
    this.#target = target;
  }

  /**
   * Runs until the signal aborts, which is no error.
   *
   * @throws SpirekitError `invalid-argument` when the agent says that it will never answer
   */
  async run(signal: AbortSignal): Promise<void> {
    const { client, wantsJwtBundles, jwtAudiences } = this.#options;
    const stopper = new AbortController();
    const all = AbortSignal.any([signal, stopper.signal]);
    const refreshes = jwtAudiences.map(
      ({ name, audience }) =>
        new JwtRefresh({
          ...this.#options,
          audience,
          onToken: (token) => {
            if (token.spiffeId !== this.#chosenId) return;
            this.#tokens.set(name, token);
            this.#options.onAnswer('jwt');
            this.#handOn(all);
          },
          onFailure: (error) => this.#options.onFailure('jwt', error),
        }),
    );
    const onContext = (context: X509Context): void => {
      this.#x509 = context;
      const id = this.#options.chooseId(context);
      if (id !== this.#chosenId) {
        this.#chosenId = id;
        this.#tokens.clear();
        this.#isPatient = true;
      }
      for (const refresh of refreshes) refresh.setId(id);
      this.#handOn(all);
    };
    const runs = [
      this.#follow(
        'x509',
        (options) => client.watchX509Svid(options),
        all,
        (value) => {
          onContext(parseX509Context(value));
        },
      ),
      ...refreshes.map((refresh) => refresh.run(all)),
    ];
    if (wantsJwtBundles) {
      runs.push(
        this.#follow(
          'jwt-bundles',
          (options) => client.watchJwtBundles(options),
          all,
          (value) => {
            this.#jwtBundles = byTrustDomain(value);
            this.#handOn(all);
          },
        ),
      );
    }
    try {
      await Promise.all(runs);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stopper.abort();
      await Promise.allSettled(runs);
    }
  }

  async #follow<T>(
    source: FeedSource,
    open: Parameters<typeof watchStream<T>>[0],
    signal: AbortSignal,
    onValue: (value: T) => void,
  ): Promise<void> {
    const { clock, random, onFailure, onAnswer } = this.#options;
    for await (const event of watchStream(open, { clock, signal, random })) {
      try {
        if (event.kind === 'failure') throw event.error;
        onValue(event.value);
        onAnswer(source);
      } catch (error) {
        // An answer that cannot be read changes nothing; the stream stays open for the next.
        if (!signal.aborted) onFailure(source, SpirekitError.from(error));
      }
    }
  }

  #handOn(signal: AbortSignal): void {
    if (this.#x509 === undefined) return;
    const missing = this.#missing();
    if (missing.length > 0 && this.#isPatient) {
      this.#waitForCompany(signal);
      return;
    }
    if (missing.length === 0) this.#isPatient = true;
    const tokens = this.#options.jwtAudiences.flatMap(({ name }) => this.#tokens.get(name) ?? []);
    this.#target.put({
      x509: this.#x509,
      jwtSvids: tokens.length === this.#options.jwtAudiences.length ? tokens : [],
      jwtBundles: this.#jwtBundles,
      missing,
    });
  }

  #waitForCompany(signal: AbortSignal): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    sleep(this.#options.clock, COMPANY_MS, { signal })
      .then(() => {
        this.#isWaiting = false;
        this.#isPatient = false;
        this.#handOn(signal);
      })
      .catch(() => undefined);
  }

  #missing(): string[] {
    const { jwtAudiences, wantsJwtBundles } = this.#options;
    const absent = jwtAudiences.filter(({ name }) => !this.#tokens.has(name));
    return [
      ...absent.map(({ name }) => `a JWT-SVID for ${name}`),
      ...(wantsJwtBundles && this.#jwtBundles === undefined ? ['the keys of JWT-SVIDs'] : []),
    ];
  }
}

function byTrustDomain({ bundles }: JWTBundlesResponse): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(bundles).map(([id, jwks]) => [SpiffeId.parse(id).trustDomain.name, jwks] as const));
}
