import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment } from '../../../test/support/deployment.ts';
import { callFromNamespaces, whyNoNamespaces } from '../../../test/support/namespace-caller.ts';
import { NOBODY, ours, run } from '../../../test/support/programs.ts';
import { untilIdentity } from '../../../test/support/workload-caller.ts';
import type { Ledger } from './ledger.ts';

/** Callers in pid namespaces of their own while root calls too; then an agent that cannot see its callers. */
export async function attackFromNamespaces(ledger: Ledger, calls: number): Promise<void> {
  const obstacle = await whyNoNamespaces();
  if (obstacle !== undefined) return ledger.untried('callers in other pid namespaces', obstacle);
  await callVisibly(ledger, calls);
  await callUnseen(ledger);
}

async function callVisibly(ledger: Ledger, calls: number): Promise<void> {
  await using deployment = await Deployment.open();
  await deployment.startAgent();
  await registerTwo(deployment);
  await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/root`);
  const options = { socketPath: deployment.agentSocket, timeoutSeconds: 30 };
  const own = `spiffe://${deployment.trustDomain}/nobody`;
  for (const namespaces of ['none', 'pid', 'pid and user'] as const) {
    const answers: string[][] = [];
    for (let call = 0; call < calls; call += 1) {
      const [answer] = await Promise.all([
        callFromNamespaces(namespaces, options),
        deployment.agent(['api', 'fetch', 'x509', '-silent']),
      ]);
      answers.push(answer);
    }
    const right = answers.filter((ids) => ids.length === 1 && ids[0] === own).length;
    const wrong = answers.flat().filter((id) => id !== own).length;
    ledger.check(
      `${calls} callers in namespaces of their own (${namespaces}): ${right} got their identity, ${wrong} another's`,
      wrong === 0 && right === calls,
    );
  }
}

async function callUnseen(ledger: Ledger): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spirekit-unseen-'));
  const launcher = join(folder, 'agent');
  writeFileSync(launcher, `#!/bin/sh\nexec unshare --pid --fork --kill-child --mount-proc '${ours.agent}' "$@"\n`, {
    mode: 0o755,
  });
  try {
    await using deployment = await Deployment.open({ daemons: { server: ours.server, agent: launcher } });
    await deployment.startAgent();
    await registerTwo(deployment);
    for (const namespaces of ['none', 'pid'] as const) {
      const ids = await callFromNamespaces(namespaces, { socketPath: deployment.agentSocket, timeoutSeconds: 3 });
      ledger.check(
        `a caller (namespaces: ${namespaces}) of an agent that cannot see its process got ${ids.length} identities`,
        ids.length === 0,
      );
    }
    ledger.check(
      'that agent says why',
      deployment.log('agent').includes('the caller is in a pid namespace that cannot be seen'),
    );
    // unshare lets SIGTERM pass; the agent goes with it.
    if (deployment.agentPid !== undefined) process.kill(deployment.agentPid, 'SIGKILL');
    await deployment.stopAgent();
    const args = ['run', '-config', join(deployment.folder, 'agent.conf')];
    const blind = await run('unshare', ['--pid', '--fork', '--kill-child', ours.agent, ...args], { cwd: folder });
    ledger.check(
      'an agent with the /proc of another pid namespace does not start',
      blind.code === 1 && blind.stdout.includes('/proc is not that of this pid namespace'),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function registerTwo(deployment: Deployment): Promise<void> {
  await deployment.createEntry('/nobody', [`unix:uid:${NOBODY}`]);
  // The later of the two is there when the agent has both.
  await deployment.createEntry('/root', ['unix:uid:0']);
}
