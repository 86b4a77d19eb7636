import { RpcClient } from '../../src/lib/rpc/client.ts';
import { AgentDefinition, CreateJoinTokenRequest } from '../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { BatchCreateEntryRequest, EntryDefinition } from '../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../src/lib/wire/gen/spire/api/types/entry.ts';
import type { Deployment, DeploymentOptions } from '../../test/support/deployment.ts';
import { LineProcess } from './line-process.ts';
import type { CsrCallerOrders, CsrCallerReport } from './processes/csr-caller.ts';

/** What a server is told so that it lets one agent ask for as much as it likes. */
export const WITHOUT_LIMITS = {
  logLevel: 'INFO',
  serverSettings: 'ratelimit { attestation = false signing = false }',
} as const satisfies DeploymentOptions;

/** CSRs in a call. */
export const CSRS_A_CALL = 500;

/** An agent that has SVIDs signed as fast as the server does it, in a process of its own. */
export class SigningLoad implements Disposable {
  readonly #caller: LineProcess;

  private constructor(caller: LineProcess) {
    this.#caller = caller;
  }

  /** Registers an entry for each CSR of a call, attests an agent for them and resolves when the server signs for it. */
  static async start(deployment: Deployment, options: Pick<CsrCallerOrders, 'atOnce' | 'svids'>): Promise<SigningLoad> {
    await using client = new RpcClient({ kind: 'unix', path: deployment.serverSocket });
    const { value: token } = await client.unary(
      AgentDefinition,
      'createJoinToken',
      CreateJoinTokenRequest.create({ ttl: 600 }),
    );
    const entryIds = await createEntries(client, deployment.trustDomain, {
      parentPath: `/spire/agent/join_token/${token}`,
      count: CSRS_A_CALL,
    });
    const load = new SigningLoad(LineProcess.script('csr-caller.ts'));
    try {
      const orders: CsrCallerOrders = { ...options, port: deployment.port, token, entryIds };
      load.#caller.send(JSON.stringify(orders));
      await load.#caller.receive<'ready'>();
      return load;
    } catch (error) {
      load[Symbol.dispose]();
      throw error;
    }
  }

  /** Begins no more calls and waits for those under way. */
  stop(): Promise<CsrCallerReport> {
    this.#caller.endOrders();
    return this.untilDone();
  }

  /** Waits until as many SVIDs are signed as were asked for. */
  untilDone(): Promise<CsrCallerReport> {
    return this.#caller.receive();
  }

  [Symbol.dispose](): void {
    this.#caller[Symbol.dispose]();
  }
}

/** Registers workloads that differ in their path and one selector; resolves with the entry IDs. */
export async function createEntries(
  client: RpcClient,
  trustDomain: string,
  { parentPath, count }: { readonly parentPath: string; readonly count: number },
): Promise<string[]> {
  const ids: string[] = [];
  for (let start = 0; start < count; start += CSRS_A_CALL) {
    const entries = Array.from({ length: Math.min(CSRS_A_CALL, count - start) }, (_, index) =>
      Entry.fromPartial({
        spiffeId: { trustDomain, path: `/workload/${start + index}` },
        parentId: { trustDomain, path: parentPath },
        selectors: [{ type: 'unix', value: `uid:${start + index}` }],
      }),
    );
    const { results } = await client.unary(
      EntryDefinition,
      'batchCreateEntry',
      BatchCreateEntryRequest.create({ entries }),
    );
    ids.push(...results.flatMap(({ entry }) => (entry === undefined ? [] : [entry.id])));
  }
  if (ids.length !== count) throw new Error(`${ids.length} of ${count} entries were created`);
  return ids;
}
