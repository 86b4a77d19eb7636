import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { Deployment } from '../../../test/support/deployment.ts';
import { makeNodeCertificate } from '../../../test/support/node-certificate.ts';
import type { Programs } from '../../../test/support/programs.ts';
import { identities } from '../../../test/support/workload-caller.ts';
import { exitCodeOf } from '../agent-life/stage.ts';

/** How an agent proves itself. */
export type Attestation = 'join_token' | 'x509pop';

const PATIENCE_MS = 120_000;
const FAST_SYNC = 'experimental { sync_interval = "1s" }';

/** An agent at a server, from its attestation to its ban. Each method is a stage of its life and throws where it is not as it should be. */
export class NodeLife implements AsyncDisposable {
  readonly #deployment: Deployment;
  readonly #attestation: Attestation;
  readonly #folder: string;
  #agent: ChildProcess | undefined;

  private constructor(deployment: Deployment, attestation: Attestation, folder: string) {
    this.#deployment = deployment;
    this.#attestation = attestation;
    this.#folder = folder;
  }

  static async open(daemons: Programs, attestation: Attestation): Promise<NodeLife> {
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-node-'));
    const node = await makeNodeCertificate(folder, 'node-one');
    const deployment = await Deployment.open({
      daemons,
      agentSettings: FAST_SYNC,
      serverSettings: 'experimental { cache_reload_interval = "1s" }',
      serverPlugins: node.serverPlugin,
      ...(attestation === 'x509pop' && { agentNodeAttestor: node.agentPlugin }),
    });
    return new NodeLife(deployment, attestation, folder);
  }

  /** The agent attests, syncs and serves a workload. */
  async attest(): Promise<void> {
    await this.#start();
    if (this.#attestation === 'x509pop') {
      const alias = ['-node', '-spiffeID', 'spiffe://example.org/host', '-selector', 'x509pop:subject:cn:node-one'];
      await this.#server('entry', 'create', ...alias);
    }
    await this.#deployment.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`]);
    await this.#serves('/web');
    const listed = await this.#server('agent', 'list', '-attestationType', this.#attestation);
    check(listed.includes(`Attestation type  : ${this.#attestation}`), `agent list says: ${listed}`);
  }

  /** A new CA signs, the old one is tainted and revoked: the agent and its workload get new SVIDs, and go on. */
  async outliveAuthority(): Promise<void> {
    const before = await this.#serialNumber();
    await this.#server('localauthority', 'x509', 'prepare');
    const prepared = await this.#authority('Prepared');
    await this.#server('localauthority', 'x509', 'activate', '-authorityID', prepared);
    const old = await this.#authority('Old');
    await this.#server('localauthority', 'x509', 'taint', '-authorityID', old);
    await this.#until('a new SVID of the agent', async () => (await this.#serialNumber()) !== before);
    await this.#until('an SVID of the new authority', async () => (await this.#issuerOfSvid()) === prepared);
    await this.#server('localauthority', 'x509', 'revoke', '-authorityID', old);
    await this.#until('the bundle without the old authority', async () => !(await this.#bundle()).includes(old));
    await this.#deployment.createEntry('/after', [`unix:uid:${process.getuid?.() ?? 0}`]);
    await this.#serves('/after');
  }

  /** Evicted, an agent attests again if its proof may be used again; else it ends, and comes back with another. */
  async outliveEviction(): Promise<void> {
    await this.#server('agent', 'evict', '-spiffeID', await this.#agentId());
    if (this.#attestation === 'join_token') {
      check((await exitCodeOf(this.#running)) !== 0, 'an evicted agent ended well');
      await this.#start();
    } else {
      await this.#until('the agent in the list again', async () => (await this.#findAgentId()) !== undefined);
      check(this.#running.exitCode === null, 'the agent ended');
    }
    await this.#deployment.createEntry('/late', [`unix:uid:${process.getuid?.() ?? 0}`]);
    await this.#serves('/late');
  }

  /** Banned, an agent ends, and does not get in again. */
  async endByBan(): Promise<void> {
    await this.#server('agent', 'ban', '-spiffeID', await this.#agentId());
    check((await exitCodeOf(this.#running)) !== 0, 'a banned agent ended well');
    this.#agent = this.#deployment.launchAgent();
    check((await exitCodeOf(this.#running)) !== 0, 'a banned agent got in again');
    const listed = await this.#server('agent', 'list', '-banned', 'true');
    check(listed.includes('Banned            : true'), `agent list says: ${listed}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deployment[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #running(): ChildProcess {
    if (this.#agent === undefined) throw new Error('no agent was started');
    return this.#agent;
  }

  async #start(): Promise<void> {
    const isToken = this.#attestation === 'join_token';
    if (!isToken) await this.#deployment.writeBootstrapBundle();
    const token = isToken ? await this.#deployment.makeJoinToken() : undefined;
    this.#agent = this.#deployment.launchAgent({ token });
    await this.#deployment.agentListens();
  }

  async #server(...args: string[]): Promise<string> {
    const done = await this.#deployment.server(...args);
    if (done.code !== 0) throw new Error(`${args.join(' ')}: ${done.stderr}${done.stdout}`);
    return done.stdout;
  }

  async #findAgentId(): Promise<string | undefined> {
    const listed = await this.#deployment.server('agent', 'list', '-banned', 'false');
    return /SPIFFE ID\s*: (\S+)/.exec(listed.stdout)?.[1];
  }

  async #agentId(): Promise<string> {
    const id = await this.#findAgentId();
    if (id === undefined) throw new Error('the server knows no agent');
    return id;
  }

  async #serialNumber(): Promise<string> {
    const shown = await this.#server('agent', 'show', '-spiffeID', await this.#agentId());
    return /Serial number\s*: (\d+)/.exec(shown)?.[1] ?? '';
  }

  /** The authority of a slot. */
  async #authority(slot: 'Active' | 'Prepared' | 'Old'): Promise<string> {
    const shown = await this.#server('localauthority', 'x509', 'show');
    const id = new RegExp(`${slot} X\\.509 authority:\\s+Authority ID: (\\S+)`).exec(shown)?.[1];
    if (id === undefined) throw new Error(`no authority is ${slot}: ${shown}`);
    return id;
  }

  async #fetch(file: string): Promise<readonly Certificate[]> {
    const fetched = await this.#deployment.agent(['api', 'fetch', 'x509', '-write', this.#deployment.folder]);
    if (fetched.code !== 0) return [];
    return Certificate.parsePem(readFileSync(join(this.#deployment.folder, file)));
  }

  async #issuerOfSvid(): Promise<string> {
    const [leaf] = await this.#fetch('svid.0.pem');
    return Buffer.from(leaf?.authorityKeyId ?? []).toString('hex');
  }

  async #bundle(): Promise<string[]> {
    const roots = await this.#fetch('bundle.0.pem');
    return roots.map(({ subjectKeyId }) => Buffer.from(subjectKeyId ?? []).toString('hex'));
  }

  async #serves(path: string): Promise<void> {
    await this.#until(`an identity ${path}`, async () => {
      await using client = new RpcClient({ kind: 'unix', path: this.#deployment.agentSocket });
      const none: string[] = [];
      const answer = await Promise.race([identities(client).catch(() => none), sleep(2000, none)]);
      return answer.some((id) => id.endsWith(path));
    });
  }

  async #until(what: string, isMet: () => Promise<boolean>): Promise<void> {
    const giveUpMs = performance.now() + PATIENCE_MS;
    while (!(await isMet())) {
      if (performance.now() > giveUpMs) {
        throw new Error(`${what} never came:\n${this.#deployment.log('agent').slice(-1500)}`);
      }
      await sleep(200);
    }
  }
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
