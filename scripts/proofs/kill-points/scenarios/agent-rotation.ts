import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseAgentData } from '../../../../src/lib/agent/storage/agent-data.ts';
import { ServerClient } from '../../../../src/lib/client/server-client.ts';
import type { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { Deployment } from '../../../../test/support/deployment.ts';
import { untilIdentity } from '../../../../test/support/workload-caller.ts';
import { AGENT_FILES } from '../../data-folder-files.ts';
import type { HeldProgram, KillScenario } from '../kill-scenario.ts';
import { RunningProgram } from '../running-program.ts';
import { SavedFolder } from '../saved-folder.ts';
import { checkAgentData, checkKeys, checkModes } from '../state-files.ts';
import { ONE_POOL_THREAD } from '../tracer.ts';

/** Far more than a sync takes under the tracer; one that takes longer is killed at all the same. */
const SYNC_MS = 100;

/**
 * An agent takes up a rotation of its server's X.509 authority: the bundle with the new root, then, since the old one is
 * tainted, a new key and SVID of its own.
 */
export class AgentRotationScenario implements KillScenario {
  readonly name = 'bundle update and renewal of an agent';
  readonly folder: string;
  readonly threads = ['pool'] as const;
  readonly #deployment: Deployment;
  readonly #agentData: SavedFolder;
  readonly #serverData: SavedFolder;

  private constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.folder = join(deployment.folder, 'agent-data');
    this.#agentData = new SavedFolder(this.folder);
    this.#serverData = new SavedFolder(join(deployment.folder, 'server-data'));
  }

  static async open(): Promise<AgentRotationScenario> {
    const deployment = await Deployment.open();
    await deployment.startAgent();
    await deployment.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`]);
    const scenario = new AgentRotationScenario(deployment);
    await deployment.stopAgent();
    await deployment.stopServer();
    scenario.#agentData.save();
    scenario.#serverData.save();
    return scenario;
  }

  async hold(): Promise<HeldProgram> {
    const deployment = this.#deployment;
    this.#agentData.restore();
    this.#serverData.restore();
    await deployment.startServer();
    const program = new RunningProgram(deployment.launchAgent({ env: ONE_POOL_THREAD }));
    await deployment.agentListens();
    const before = this.#read();
    return {
      pid: program.pid,
      work: () => this.#rotate(program),
      end: () => program.kill(),
      check: () => this.#check(before),
      [Symbol.asyncDispose]: async () => {
        await program.kill();
        await deployment.stopAgent();
        await deployment.stopServer();
      },
    };
  }

  /** Resolves when the agent has put the new SVID and bundle on disk, or has ended. */
  async #rotate(program: RunningProgram): Promise<void> {
    await using client = new ServerClient({ kind: 'unix', path: this.#deployment.serverSocket });
    const { localAuthority } = client;
    const { active: old } = await localAuthority.getX509AuthorityState({});
    const authorityId = (await localAuthority.prepareX509Authority({})).preparedAuthority?.authorityId ?? '';
    while (!program.hasEnded && !this.#read().roots.includes(authorityId)) await wait(10);
    // Who activates before the agents know the root shuts them out, killed or not.
    if (program.hasEnded) return;
    await localAuthority.activateX509Authority({ authorityId });
    await localAuthority.taintX509Authority({ authorityId: old?.authorityId ?? '' });
    while (!program.hasEnded && this.#read().issuer !== authorityId) await wait(10);
    // The new file is seen before its folder is synced, which is the last that it does.
    await wait(SYNC_MS);
  }

  async #check(before: AgentOnDisk): Promise<string> {
    const deployment = this.#deployment;
    checkModes(this.folder, AGENT_FILES);
    checkKeys(this.folder);
    if (checkAgentData(this.folder) === undefined) throw new Error('agent-data.json is gone');
    const left = this.#read();
    if (!before.roots.every((root) => left.roots.includes(root))) throw new Error('a root is gone from the bundle');
    deployment.launchAgent();
    await deployment.agentListens();
    await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/web`);
    const bundle = left.roots.length > before.roots.length ? 'new' : 'old';
    return `bundle ${bundle}, SVID ${left.issuer === before.issuer ? 'old' : 'new'}`;
  }

  #read(): AgentOnDisk {
    const { svid, bundle } = parseAgentData(readFileSync(join(this.folder, 'agent-data.json'), 'utf8'));
    return { issuer: hex(svid[0]?.authorityKeyId), roots: bundle.map((root: Certificate) => hex(root.subjectKeyId)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agentData[Symbol.dispose]();
    this.#serverData[Symbol.dispose]();
    await this.#deployment[Symbol.asyncDispose]();
  }
}

/** What an agent keeps, by the subject key identifiers of the authorities. */
interface AgentOnDisk {
  /** Who signed its SVID. */
  readonly issuer: string;
  readonly roots: readonly string[];
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
