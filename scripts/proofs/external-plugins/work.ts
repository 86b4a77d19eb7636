import { type Checks, comes } from './checks.ts';
import type { Stage } from './stage.ts';

/** Everything goes through plugins: the node is attested by one, keys come from another, a third is told. */
export async function workTogether(stage: Stage, checks: Checks): Promise<void> {
  const { deployment } = stage;
  checks.check(
    "the server's keys are in the Go key manager",
    stage.read('keys.json').includes('x509-CA-A') && stage.lines('Key made', 'go_keys', 'JWT-Signer-A').length > 0,
  );
  await stage.startAgent();
  const agents = (await deployment.server('agent', 'list')).stdout;
  const agentId = 'spiffe://example.org/spire/agent/shared_secret/node-7';
  checks.check(
    'an agent attests with a challenge through the TypeScript plugins of both sides',
    agents.includes(agentId),
    agents,
  );
  const created = await deployment.server(
    ...['entry', 'create', '-spiffeID', 'spiffe://example.org/work', '-parentID', agentId],
    ...['-selector', `unix:uid:${process.getuid?.()}`],
  );
  const has = async (): Promise<boolean> => (await deployment.agent(['api', 'fetch', 'x509'])).stdout.includes('/work');
  checks.check('a workload gets an SVID that the Go key manager signed', await comes(has), created.stderr);
  checks.check(
    'the Go attestor asks the server which agents it knows: a word counts once',
    (await stage.attestByWord('sesame')) === '/spire/agent/word/sesame' &&
      (await stage.attestByWord('sesame')).includes('the word has been used'),
  );
  checks.check(
    'a node without the word is refused, in the words of the plugin',
    (await stage.attestByWord('please')).includes('nodeattestor(word): not the word'),
  );
  const isToldWithIdentity = (): boolean => /certificates, key of true/.test(stage.read('notes'));
  await deployment.server('localauthority', 'x509', 'prepare');
  checks.check(
    "the Go notifier is told of the bundle and gets the server's own identity",
    await comes(isToldWithIdentity),
    stage.read('notes'),
  );
  checks.check(
    "it counts among the server's metrics",
    /spire_server_test_notifier_told\S* [1-9]/.test(await stage.metrics()),
  );
  checks.check(
    'what it prints on standard output is in the log',
    stage.lines('Plugin printed', 'printed on standard output after the handshake').length > 0,
  );
}

/** SIGUSR1 reaches exactly the plugins whose files have changed. */
export async function readSettingsAgain(stage: Stage, checks: Checks): Promise<void> {
  const { serverPid } = stage.deployment;
  if (serverPid === undefined) throw new Error('no server runs');
  stage.write('word.hcl', 'word = "please"');
  process.kill(serverPid, 'SIGUSR1');
  checks.check(
    'SIGUSR1 configures a plugin anew whose file has changed',
    (await comes(() => stage.lines('Plugin reconfigured', 'plugin_name=word', 'old_hash=').length > 0)) &&
      (await stage.attestByWord('please')) === '/spire/agent/word/please',
  );
  checks.check(
    'and leaves alone one whose file has not',
    await comes(() => stage.lines('Plugin not reconfigured since the config is unchanged', 'shared_secret').length > 0),
  );
  stage.write('word.hcl', 'nothing = "of use"');
  process.kill(serverPid, 'SIGUSR1');
  checks.check(
    'one that refuses is reported and keeps what it had',
    (await comes(() => stage.lines('Failed to reconfigure plugin', 'word is required').length > 0)) &&
      (await stage.attestByWord('please')).includes('the word has been used'),
  );
  stage.write('word.hcl', 'word = "please"');
}
