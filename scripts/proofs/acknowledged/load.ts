import { agentClient } from '../../../src/lib/client/agent-client.ts';
import { entryClient } from '../../../src/lib/client/entry-client.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { CreateJoinTokenRequest } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import type { Random } from '../../../test/support/mutate.ts';
import { isUsedUp, useToken } from '../join-token-attempt.ts';
import { Ledger } from './ledger.ts';

/** Whom the load calls, and who writes down what was answered. */
export interface LoadOptions {
  /** Of the server, as an operator reaches it. */
  readonly socketPath: string;
  /** Of the server, as an agent reaches it. */
  readonly port: number;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Whether this one attests agents, bans and evicts; default true. */
  readonly attests?: boolean;
}

const TRUST_DOMAIN = 'example.org';
/** Entries that one client lets live at most. */
const MOST_ENTRIES = 60;
const TOKEN_SECONDS = 3600;

/** An operator who creates and deletes entries, makes tokens, attests agents with them, bans and evicts, without a pause. */
export class LoadClient implements AsyncDisposable {
  readonly #options: LoadOptions;
  readonly #name: string;
  readonly #rpc: RpcClient;
  readonly #ownEntries: string[] = [];
  readonly #ownAgents: string[] = [];
  #count = 0;

  constructor(name: string, options: LoadOptions) {
    this.#name = name;
    this.#options = options;
    this.#rpc = new RpcClient({ kind: 'unix', path: options.socketPath });
  }

  /** Calls until the server is gone or the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#act();
      } catch (error) {
        if (isGone(error)) return;
        throw error;
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#rpc[Symbol.asyncDispose]();
  }

  #act(): Promise<void> {
    const { random, ledger, attests = true } = this.#options;
    const choice = random(attests ? 100 : 78);
    if (choice < 45) return this.#ownEntries.length < MOST_ENTRIES ? this.#createEntry() : this.#deleteEntry();
    if (choice < 65) return this.#deleteEntry();
    if (choice < 78) return this.#createToken();
    if (choice < 90) return this.#attest();
    if (choice < 94 && ledger.usedTokens.length > 0) return this.#useAgain();
    return this.#endAgent(choice < 97 ? 'banned' : 'evicted');
  }

  async #createEntry(): Promise<void> {
    const { ledger } = this.#options;
    const path = `/${this.#name}/${++this.#count}`;
    const entry = Entry.create({
      spiffeId: { trustDomain: TRUST_DOMAIN, path },
      parentId: { trustDomain: TRUST_DOMAIN, path: '/elsewhere' },
      selectors: [{ type: 'unix', value: 'uid:1' }],
    });
    ledger.begin();
    const { results } = await entryClient(this.#rpc).batchCreateEntry({ entries: [entry], outputMask: undefined });
    const [result] = results;
    const id = result?.entry?.id;
    if (id === undefined || result?.status?.code !== RpcCode.ok)
      throw new Error(`no entry: ${result?.status?.message}`);
    ledger.entries.set(id, path);
    this.#ownEntries.push(id);
    ledger.acknowledge('socket', path);
  }

  async #deleteEntry(): Promise<void> {
    const { ledger, random } = this.#options;
    const id = Ledger.take(this.#ownEntries, random);
    if (id === undefined) return await this.#createEntry();
    ledger.entries.delete(id);
    ledger.begin();
    const { results } = await entryClient(this.#rpc).batchDeleteEntry({ ids: [id] });
    if (results[0]?.status?.code !== RpcCode.ok) ledger.complain(`entry ${id} could not be deleted`);
    ledger.deletedEntries.add(id);
    ledger.acknowledge('socket');
  }

  async #createToken(): Promise<void> {
    const { ledger } = this.#options;
    ledger.begin();
    const request = CreateJoinTokenRequest.create({ ttl: TOKEN_SECONDS });
    const { value } = await agentClient(this.#rpc).createJoinToken(request);
    ledger.unusedTokens.push({ value, isDoubtful: false });
    ledger.acknowledge('socket', value);
  }

  async #attest(): Promise<void> {
    const { ledger, random } = this.#options;
    const token = Ledger.take(ledger.unusedTokens, random);
    if (token === undefined) return await this.#createToken();
    const path = `/spire/agent/join_token/${token.value}`;
    ledger.begin();
    try {
      await this.#tryToken(token.value);
      ledger.usedTokens.push(token.value);
      ledger.agents.set(path, 'attested');
      this.#ownAgents.push(path);
      ledger.acknowledge('tls');
    } catch (error) {
      if (isGone(error)) ledger.unusedTokens.push({ ...token, isDoubtful: true });
      else if (isUsedUp(error)) {
        if (!token.isDoubtful) ledger.complain(`token of ${path} was refused before its first use`);
        ledger.usedTokens.push(token.value);
        return;
      }
      throw error;
    }
  }

  async #useAgain(): Promise<void> {
    const { ledger, random } = this.#options;
    const token = ledger.usedTokens[random(ledger.usedTokens.length)];
    if (token === undefined) return;
    try {
      await this.#tryToken(token);
      ledger.complain(`token ${token} was used twice`);
    } catch (error) {
      if (!isUsedUp(error)) throw error;
    }
  }

  async #endAgent(state: 'banned' | 'evicted'): Promise<void> {
    const { ledger, random } = this.#options;
    const path = Ledger.take(this.#ownAgents, random);
    if (path === undefined) return await this.#attest();
    ledger.agents.delete(path);
    const id = { trustDomain: TRUST_DOMAIN, path };
    ledger.begin();
    if (state === 'banned') await agentClient(this.#rpc).banAgent({ id });
    else await agentClient(this.#rpc).deleteAgent({ id });
    ledger.agents.set(path, state);
    ledger.acknowledge('socket');
  }

  #tryToken(token: string): Promise<void> {
    return useToken(token, this.#options.port);
  }
}

/** The server is not there, or went before it answered. */
function isGone(error: unknown): boolean {
  return error instanceof RpcError && error.status === RpcCode.unavailable;
}
