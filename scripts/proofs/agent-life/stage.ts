import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { Deployment } from '../../../test/support/deployment.ts';
import { identities } from '../../../test/support/workload-caller.ts';
import type { Cast } from './situation.ts';

/** Longer than anything takes that is waited for here. */
const PATIENCE_MS = 120_000;

/** A deployment, and what is asked of its agent in the situations. */
export class Stage implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly #others: ChildProcess[] = [];

  private constructor(deployment: Deployment) {
    this.deployment = deployment;
  }

  /** A server whose agents' SVIDs, and those of workloads, live so long. */
  static async open({ daemons, clients }: Cast, ttls: { agent?: string; svid?: string } = {}): Promise<Stage> {
    const { agent = '1h', svid = '1h' } = ttls;
    const serverSettings = `agent_ttl = "${agent}"\n  default_x509_svid_ttl = "${svid}"`;
    return new Stage(
      await Deployment.open({ ...(daemons && { daemons }), ...(clients && { clients }), serverSettings }),
    );
  }

  get data(): string {
    return join(this.deployment.folder, 'agent-data');
  }

  /** The SPIFFE ID of the agent, as the server knows it. */
  async agentId(): Promise<string> {
    const { stdout } = await this.deployment.server('agent', 'list');
    return /SPIFFE ID\s*: (\S+)/.exec(stdout)?.[1] ?? '';
  }

  /** Starts the agent with a token, has it give this process an identity, and waits until it does. */
  async startServingAgent(): Promise<void> {
    await this.deployment.startAgent();
    await this.deployment.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`]);
    await this.until('an identity', () => this.serves());
  }

  /** Whether the agent gives this process an identity now whose path ends so. */
  async serves(path = ''): Promise<boolean> {
    await using client = new RpcClient({ kind: 'unix', path: this.deployment.agentSocket });
    const none: string[] = [];
    const answer = await Promise.race([identities(client).catch(() => none), sleep(2000, none)]);
    return answer.some((id) => id.endsWith(path));
  }

  /** Whether the agent says of itself that it can do its work. */
  async isReady(): Promise<boolean> {
    return (await this.deployment.agent(['healthcheck'])).code === 0;
  }

  /** Resolves when the agent has logged a text. */
  async said(text: string): Promise<void> {
    await this.until(`"${text}"`, async () => this.deployment.log('agent').includes(text));
  }

  /** Looks again and again until a condition holds. */
  async until(what: string, isMet: () => Promise<boolean>): Promise<void> {
    const giveUpMs = performance.now() + PATIENCE_MS;
    while (!(await isMet())) {
      if (performance.now() > giveUpMs) {
        throw new Error(`${what} never came:\n${this.deployment.log('agent').slice(-2000)}`);
      }
      await sleep(100);
    }
  }

  /** Remembers a process that is to end with the stage. */
  own(process: ChildProcess): ChildProcess {
    this.#others.push(process);
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const other of this.#others) {
      if (other.exitCode !== null || other.signalCode !== null) continue;
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
    await this.deployment[Symbol.asyncDispose]();
  }
}

/** The exit code of a process that ends by itself; rejects if it does not. */
export async function exitCodeOf(process: ChildProcess): Promise<number | null> {
  if (process.exitCode !== null) return process.exitCode;
  await once(process, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) });
  return process.exitCode;
}
