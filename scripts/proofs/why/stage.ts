import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryClient } from '../../../src/lib/client/entry-client.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { parseSelector } from '../../../src/lib/spiffe/selector.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { attestAgent } from '../../../test/support/attest-agent.ts';
import { Deployment } from '../../../test/support/deployment.ts';
import { ours, type Programs, run } from '../../../test/support/programs.ts';
import type { Prepared } from './case.ts';
import { CuttableProxy } from './cuttable-proxy.ts';

/** What an entry of a case is made of; the parent is `/host`, which the agent's join token gave it. */
export interface EntryWish {
  readonly path: string;
  readonly selectors: readonly string[];
  /** A path, or a whole SPIFFE ID. */
  readonly parent?: string;
  readonly more?: Partial<Entry>;
}

/** What `why` said, as far as it is looked at. */
export interface Said {
  readonly code: string;
  readonly subject: string;
  readonly remedy: string | undefined;
  readonly exit: number | null;
  readonly text: string;
}

/** Short, so that little time is spent on waiting. */
const SYNC = 'experimental { sync_interval = "1s" }';
const SERVER = 'experimental { cache_reload_interval = "1s" }\n  agent_ttl = "15s"';

/** A server, an agent behind a way that can be cut, and processes of several users, as cases need them. */
export class WhyStage implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly proxy: CuttableProxy;
  /** An agent that attested to the same server from elsewhere. */
  otherAgent = '';
  /** Another trust domain's server, on which nothing is registered. */
  readonly foreign: Deployment;
  readonly #rpc: RpcClient;
  readonly #daemons: Programs;
  readonly #processes: ChildProcess[] = [];
  #isolated: ChildProcess | undefined;

  private constructor(daemons: Programs, deployment: Deployment, foreign: Deployment, proxy: CuttableProxy) {
    this.#daemons = daemons;
    this.deployment = deployment;
    this.foreign = foreign;
    this.proxy = proxy;
    this.#rpc = new RpcClient({ kind: 'unix', path: deployment.serverSocket });
  }

  static async open(daemons: Programs): Promise<WhyStage> {
    const proxy = await CuttableProxy.open();
    const deployment = await Deployment.open({
      daemons,
      agentServerPort: proxy.port,
      agentSettings: SYNC,
      serverSettings: SERVER,
    });
    proxy.upstreamPort = deployment.port;
    const foreign = await Deployment.open({ daemons, trustDomain: 'other.test' });
    const stage = new WhyStage(daemons, deployment, foreign, proxy);
    await deployment.startAgent();
    stage.otherAgent = await stage.#attestAnother();
    return stage;
  }

  /** The SPIFFE ID of a path in the trust domain. */
  id(path: string): string {
    return path.startsWith('spiffe://') ? path : `spiffe://${this.deployment.trustDomain}${path}`;
  }

  /** Registers an entry; returns its ID. */
  async register(wish: EntryWish): Promise<string> {
    const request = { entries: [this.#entry(wish)], outputMask: undefined };
    const { results } = await entryClient(this.#rpc).batchCreateEntry(request);
    const [result] = results;
    if (result?.entry === undefined || result.status?.code !== 0) {
      throw new Error(`${wish.path} was not registered: ${result?.status?.message}`);
    }
    return result.entry.id;
  }

  /** Removes every entry but the one that the agent's join token made, and those of others. */
  async clear(): Promise<void> {
    const client = entryClient(this.#rpc);
    const request = { filter: undefined, outputMask: undefined, pageSize: 0, pageToken: '' };
    const { entries } = await client.listEntries(request);
    const ids = entries.filter(({ spiffeId }) => spiffeId?.path.startsWith('/case')).map(({ id }) => id);
    if (ids.length > 0) await client.batchDeleteEntry({ ids });
  }

  /** Starts a process of that command line that stays until the end; returns its pid once it is itself. */
  async start(program: string, ...args: string[]): Promise<number> {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' });
    this.#processes.push(child);
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error(`${program} did not start`);
    return child.pid;
  }

  /** A process of that user and group, without a name in the account files unless it is a system's one. */
  async startAs(uid: number, gid: number, groups: readonly number[] = [], program = '/bin/sleep'): Promise<number> {
    const others = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
    const pid = await this.start('setpriv', `--reuid=${uid}`, `--regid=${gid}`, others, program, '600');
    await until(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(program));
    return pid;
  }

  /** The agent again, where it sees no process but itself. */
  async startIsolatedAgent(): Promise<void> {
    const { folder } = this.deployment;
    const run = [this.#daemons.agent, 'run', '-config', join(folder, 'agent.conf')];
    const inNew = ['--pid', '--fork', '--mount-proc', '--kill-child'];
    this.#isolated = spawn('unshare', [...inNew, ...run], { cwd: folder, stdio: 'ignore' });
    await until(async () => !['SPK-2201', 'SPK-2202'].includes((await this.ask({ args: [] })).code));
  }

  /** Ends what {@link startIsolatedAgent} started. */
  async endIsolatedAgent(): Promise<void> {
    if (this.#isolated === undefined) return;
    this.#isolated.kill('SIGKILL');
    this.#isolated = undefined;
    await until(async () => ['SPK-2201', 'SPK-2202'].includes((await this.ask({ args: [] })).code));
  }

  /** The agent again, looking at programs from now on. */
  async restartLookingAtPrograms(): Promise<void> {
    const { folder } = this.deployment;
    await this.deployment.stopAgent();
    const text = readFileSync(join(folder, 'agent.conf'), 'utf8');
    const path = join(folder, 'looking.conf');
    writeFileSync(
      path,
      text.replace(/(WorkloadAttestor "unix" \{\s*plugin_data \{)/, '$1 discover_workload_path = true'),
    );
    await this.deployment.startAgent({ token: false, configPath: path });
  }

  /** Runs `why` as a user would and reads what it says. */
  async ask({ args, serverSocket, agentSocket, uid }: Prepared): Promise<Said> {
    const sockets = [
      ...['--socket-path', serverSocket ?? this.deployment.serverSocket],
      ...(args.includes('--selector') ? [] : ['--agent-socket', agentSocket ?? this.deployment.agentSocket]),
    ];
    const words = ['why', ...sockets, ...args, '--output', 'json'];
    const { code, stdout, stderr } = await run(ours.spirekit, words, {
      cwd: '/',
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    if (stdout === '') {
      const spk = /SPK-\d{4}/.exec(stderr)?.[0] ?? stderr;
      return { code: spk, subject: stderr, remedy: undefined, exit: code, text: stderr };
    }
    const { verdict } = JSON.parse(stdout);
    return {
      code: verdict.code,
      subject: verdict.subject,
      remedy: verdict.remedy,
      exit: code,
      text: `${verdict.subject}: ${verdict.message}`,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) child.kill('SIGKILL');
    this.#isolated?.kill('SIGKILL');
    await this.#rpc.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.foreign[Symbol.asyncDispose]();
    await this.deployment[Symbol.asyncDispose]();
  }

  #entry({ path, selectors, parent, more }: EntryWish): Entry {
    const [, trustDomain = '', parentPath = ''] = /^spiffe:\/\/([^/]+)(.*)$/.exec(this.id(parent ?? '/host')) ?? [];
    return Entry.create({
      spiffeId: { trustDomain: this.deployment.trustDomain, path },
      parentId: { trustDomain, path: parentPath },
      selectors: selectors.map(parseSelector),
      ...more,
    });
  }

  async #attestAnother(): Promise<string> {
    const made = await this.deployment.server('token', 'generate');
    const token = /Token: (\S+)/.exec(made.stdout)?.[1] ?? '';
    const tls = { verifyServer: () => {} };
    await using remote = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port: this.deployment.port, tls });
    const { agentId } = await attestAgent(remote, token);
    return this.id(agentId.path);
  }
}

/** Waits until it holds, for a minute at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    try {
      if (await holds()) return;
    } catch {
      // Not yet there.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come true within a minute');
}
