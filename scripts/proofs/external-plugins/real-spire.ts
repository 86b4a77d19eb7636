import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment } from '../../../test/support/deployment.ts';
import type { Programs } from '../../../test/support/programs.ts';
import { type Checks, comes } from './checks.ts';
import { AGENT_ATTESTOR, SERVER_ATTESTOR } from './stage.ts';

/** The TypeScript plugins as they are, below SPIRE's own server and agent. */
export async function runBelowRealSpire(real: Programs, checks: Checks): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'spirekit-external-'));
  try {
    writeFileSync(join(work, 'secret'), 'known to both');
    const settings = join(work, 'secret.hcl');
    writeFileSync(settings, `secret_path = "${join(work, 'secret')}"`);
    const attestor = (...args: readonly string[]): string => `NodeAttestor "shared_secret" {
    plugin_cmd = "${process.execPath}"
    plugin_args = [${args.map((arg) => JSON.stringify(arg)).join(', ')}]
    plugin_data_file = "${settings}"
  }`;
    await using deployment = await Deployment.open({
      daemons: real,
      serverPlugins: attestor(SERVER_ATTESTOR),
      agentNodeAttestor: attestor(AGENT_ATTESTOR, 'node-8'),
    });
    writeFileSync(join(deployment.folder, 'bootstrap.crt'), (await deployment.server('bundle', 'show')).stdout);
    await deployment.startAgent({ token: false });
    const agents = (await deployment.server('agent', 'list')).stdout;
    checks.check(
      "below SPIRE's own server and agent the same TypeScript plugins attest a node",
      agents.includes('spiffe://example.org/spire/agent/shared_secret/node-8'),
      agents,
    );
    writeFileSync(settings, `\nsecret_path = "${join(work, 'secret')}"`);
    if (deployment.serverPid !== undefined) process.kill(deployment.serverPid, 'SIGUSR1');
    const logged = (...words: readonly string[]): boolean =>
      deployment
        .log('server')
        .split('\n')
        .some((line) => words.every((word) => line.includes(word)));
    checks.check(
      'and are configured anew on SIGUSR1, with their lines in its log',
      (await comes(() => logged('Plugin reconfigured', 'shared_secret'))) && logged('Node knows the secret', 'node-8'),
    );
    const code = await deployment.stopServer();
    checks.check(
      'and end when SPIRE tells them to, not by force',
      code === 0 && logged('Plugin unloaded') && !logged('failed to exit gracefully'),
      deployment.log('server').split('\n').slice(-12).join('\n'),
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
