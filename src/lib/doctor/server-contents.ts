import { ServerClient } from '../client/server-client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { AuthorityState } from '../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import type { Agent } from '../wire/gen/spire/api/types/agent.ts';
import type { Bundle } from '../wire/gen/spire/api/types/bundle.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { FederationRelationship } from '../wire/gen/spire/api/types/federationrelationship.ts';
import type { Surroundings } from './surroundings.ts';

/** So many to a page, and at most so many pages: what is beyond is not looked at. */
const PAGE_SIZE = 1000;
const MOST_PAGES = 500;

/** What a running server tells over its API; each question is asked once, when first needed. */
export class ServerContents implements AsyncDisposable {
  readonly #client: ServerClient;
  readonly #surroundings: Surroundings;
  readonly #answers = new Map<string, Promise<unknown>>();
  /** A server that left one question open is asked no other: each would wait as long. */
  #silence: unknown;

  constructor(socketPath: string, surroundings: Surroundings) {
    this.#client = new ServerClient({ kind: 'unix', path: socketPath }, { connectTimeoutMs: surroundings.timeoutMs });
    this.#surroundings = surroundings;
  }

  /** The bundle of its own trust domain. Rejects with `RpcError`, as all of these. */
  bundle(): Promise<Bundle> {
    return this.#once('bundle', () => this.#client.bundle.getBundle({ outputMask: undefined }, this.#options));
  }

  /** The X.509 authority that signs now, and the next one if it is prepared. */
  x509Authorities(): Promise<{ active: AuthorityState | undefined; prepared: AuthorityState | undefined }> {
    return this.#once('authorities', () => this.#client.localAuthority.getX509AuthorityState({}, this.#options));
  }

  agents(): Promise<readonly Agent[]> {
    return this.#once('agents', () =>
      this.#pages(async (pageToken) => {
        const request = { filter: undefined, outputMask: undefined, pageSize: PAGE_SIZE, pageToken };
        const { agents, nextPageToken } = await this.#client.agent.listAgents(request, this.#options);
        return { items: agents, nextPageToken };
      }),
    );
  }

  entries(): Promise<readonly Entry[]> {
    return this.#once('entries', () =>
      this.#pages(async (pageToken) => {
        const request = { filter: undefined, outputMask: undefined, pageSize: PAGE_SIZE, pageToken };
        const { entries, nextPageToken } = await this.#client.entry.listEntries(request, this.#options);
        return { items: entries, nextPageToken };
      }),
    );
  }

  federatedBundles(): Promise<readonly Bundle[]> {
    return this.#once('federated bundles', () =>
      this.#pages(async (pageToken) => {
        const request = { outputMask: undefined, pageSize: PAGE_SIZE, pageToken };
        const { bundles, nextPageToken } = await this.#client.bundle.listFederatedBundles(request, this.#options);
        return { items: bundles, nextPageToken };
      }),
    );
  }

  federationRelationships(): Promise<readonly FederationRelationship[]> {
    return this.#once('federation relationships', () =>
      this.#pages(async (pageToken) => {
        const request = { outputMask: undefined, pageSize: PAGE_SIZE, pageToken };
        const answer = await this.#client.trustDomain.listFederationRelationships(request, this.#options);
        return { items: answer.federationRelationships, nextPageToken: answer.nextPageToken };
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  get #options(): { signal: AbortSignal; timeoutMs: number } {
    return { signal: this.#surroundings.signal, timeoutMs: this.#surroundings.timeoutMs };
  }

  #once<T>(name: string, ask: () => Promise<T>): Promise<T> {
    const answer = (this.#answers.get(name) as Promise<T> | undefined) ?? this.#ask(ask);
    this.#answers.set(name, answer);
    return answer;
  }

  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#silence !== undefined) throw this.#silence;
    try {
      return await ask();
    } catch (error) {
      if (SpirekitError.from(error).code === 'deadline-exceeded') this.#silence = error;
      throw error;
    }
  }

  async #pages<T>(fetch: (token: string) => Promise<{ items: readonly T[]; nextPageToken: string }>): Promise<T[]> {
    const found: T[] = [];
    let token = '';
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { items, nextPageToken } = await fetch(token);
      for (const item of items) found.push(item);
      if (nextPageToken === '') break;
      token = nextPageToken;
    }
    return found;
  }
}
