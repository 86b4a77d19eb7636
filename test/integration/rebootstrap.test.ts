import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { makeNodeCertificate } from '../support/node-certificate.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const uid = process.getuid?.() ?? 0;
const rebootstrap = (mode: string) =>
  `rebootstrap_mode = "${mode}"\n  rebootstrap_delay = "1s"\n  experimental { sync_interval = "1s" }`;

const ended = async (agent: ChildProcess): Promise<number | null> => {
  if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
  return agent.exitCode;
};

const knownBundle = (deployment: Deployment): string =>
  JSON.stringify(JSON.parse(readFileSync(join(deployment.folder, 'agent-data/agent-data.json'), 'utf8')).bundle);

/** The server loses all it had and comes back with another root. */
async function replaceServer(deployment: Deployment): Promise<void> {
  await deployment.stopServer();
  rmSync(deployment.serverDataDir, { recursive: true });
  await deployment.startServer();
}

describe('F11: an agent whose server has another root than the agent knows', () => {
  it.for(['auto', 'always'])(
    'bootstraps again with rebootstrap_mode "%s", where its node can attest again',
    { timeout: 120_000 },
    async (mode) => {
      const folder = mkdtempSync(join(tmpdir(), 'spirekit-node-'));
      try {
        const node = await makeNodeCertificate(folder, 'node-one');
        await using deployment = await Deployment.open({
          serverPlugins: node.serverPlugin,
          agentNodeAttestor: node.agentPlugin,
          agentSettings: rebootstrap(mode),
        });
        const register = async (): Promise<void> => {
          const alias = ['-spiffeID', 'spiffe://example.org/host', '-selector', 'x509pop:subject:cn:node-one'];
          expect((await deployment.server('entry', 'create', '-node', ...alias)).code).toBe(0);
          await deployment.createEntry('/web', [`unix:uid:${uid}`]);
        };
        await deployment.writeBootstrapBundle();
        const agent = deployment.launchAgent();
        await deployment.agentListens();
        await register();
        await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');

        await replaceServer(deployment);
        await register();
        expect(await ended(agent)).toBe(1);
        expect(deployment.log('agent')).toContain("Trust Bundle and Server don't agree, rebootstrapping");

        // Whoever starts it again gives it the bundle of today, as a supervisor and its trust_bundle_url would.
        await deployment.writeBootstrapBundle();
        deployment.launchAgent();
        await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  it('forgets nothing with rebootstrap_mode "auto" where its node cannot attest again', {
    timeout: 120_000,
  }, async () => {
    await using deployment = await Deployment.open({ agentSettings: rebootstrap('auto') });
    const agent = deployment.launchAgent({ token: await deployment.makeJoinToken() });
    await deployment.agentListens();
    const before = knownBundle(deployment);
    await replaceServer(deployment);
    expect(await ended(agent)).toBe(1);
    expect(knownBundle(deployment)).toBe(before);
    expect(deployment.log('agent')).toContain('this node cannot attest again');
  });
});
