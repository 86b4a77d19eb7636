import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Checks, comes } from './checks.ts';
import type { Stage } from './stage.ts';

/** A Go plugin that panics is reported, does not take the server down, and comes back. */
export async function panicAndReturn(stage: Stage, checks: Checks, times: number): Promise<void> {
  for (let time = 1; time <= times; time++) {
    const refused = await stage.attestByWord('panic');
    const isReported = await comes(
      () => stage.lines('level=error', 'Plugin has ended by itself', 'plugin_name=word').length >= time,
    );
    checks.check(
      `panic ${time} of the Go attestor: the caller gets Unavailable, the log says which plugin ended and how`,
      refused.includes('Unavailable') &&
        isReported &&
        stage.lines('panic: told to by a node', 'level=error').length >= time &&
        stage.lines('Plugin has ended by itself', 'plugin_type=NodeAttestor', 'exit status 2').length >= time,
      refused,
    );
    if (time === 1) await lookWhileAway(stage, checks);
    const isBack = await comes(() => stage.lines('Plugin runs again', 'plugin_name=word').length >= time, 90_000);
    checks.check(
      `and it is back: attests again, the server is ready`,
      isBack &&
        (await stage.attestByWord('wrong')).includes('not the word') &&
        (await comes(async () => (await stage.ready()).isReady)),
    );
  }
  checks.check(
    'each end is counted',
    new RegExp(`spire_server_catalog_plugin_exit\\S*plugin_name="word"\\S* ${times}\\b`).test(await stage.metrics()),
  );
}

async function lookWhileAway(stage: Stage, checks: Checks): Promise<void> {
  const { isReady, body } = await stage.ready();
  const shown = await stage.deployment.server('bundle', 'show');
  checks.check(
    'meanwhile the server is not ready and says why, and goes on with everything else',
    !isReady && body.includes('NodeAttestor word') && body.includes('exit status 2') && shown.code === 0,
    body,
  );
}

/** The key manager is killed and its program away: nothing is signed until it is back, with the same keys and root. */
export async function killKeyManager(stage: Stage, checks: Checks): Promise<void> {
  const { deployment, goPlugins } = stage;
  const root = (await deployment.server('bundle', 'show')).stdout;
  const pid = stage.goProcesses().get('keymanager');
  if (pid === undefined) throw new Error('no key manager runs');
  const mint = (): ReturnType<typeof deployment.server> =>
    deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/minted');
  renameSync(goPlugins, `${goPlugins}.away`);
  process.kill(pid, 'SIGKILL');
  const isReported = await comes(() => stage.lines('Plugin has ended by itself', 'go_keys', 'SIGKILL').length > 0);
  const refused = await mint();
  checks.check(
    'without its key manager the server signs nothing',
    isReported && refused.code === 1 && refused.stdout === '',
    refused.stdout,
  );
  const saysWhy = async (): Promise<boolean> => (await stage.ready()).body.includes('no such file or directory');
  checks.check('and says why the key manager does not come back', await comes(saysWhy));
  renameSync(`${goPlugins}.away`, goPlugins);
  checks.check(
    'it signs again, with the same keys and root, once the key manager is back',
    (await comes(async () => (await mint()).code === 0)) && (await deployment.server('bundle', 'show')).stdout === root,
  );
}

/** A program with another content is not started. */
export async function refuseWrongChecksum(stage: Stage, checks: Checks): Promise<void> {
  const { deployment } = stage;
  await deployment.stopServer();
  const path = join(deployment.folder, 'wrong-checksum.conf');
  const config = readFileSync(join(deployment.folder, 'server.conf'), 'utf8');
  writeFileSync(path, config.replaceAll(/plugin_checksum = "[0-9a-f]{4}/g, 'plugin_checksum = "0000'));
  const before = stage.lines('waiting for RPC address', stage.goPlugins).length;
  const server = deployment.launchServer({ configPath: path });
  await new Promise<void>((resolve) => server.once('exit', () => resolve()));
  checks.check(
    'a wrong checksum ends the start with one sentence, and nothing was started',
    server.exitCode === 1 &&
      stage.lines('Fatal run error', 'failed to load plugin', 'checksums did not match').length === 1 &&
      stage.lines('waiting for RPC address', stage.goPlugins).length === before,
  );
}

/** kill -9 of the server takes the plugins with it. */
export async function leaveNobodyBehind(stage: Stage, checks: Checks): Promise<void> {
  await stage.deployment.startServer();
  const before = stage.goProcesses().size;
  await stage.deployment.killServer();
  const areGone = await comes(() => stage.goProcesses().size === 0);
  checks.check('kill -9 of the server leaves none of its plugins behind', before === 3 && areGone, `${before} before`);
}
