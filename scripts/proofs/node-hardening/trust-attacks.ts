import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment } from '../../../test/support/deployment.ts';
import { ours, runUntil } from '../../../test/support/programs.ts';
import { makeIdentity } from '../../../test/unit/rpc/test-certificates.ts';
import type { Ledger } from './ledger.ts';

/** Tells Node to verify nothing, and to trust the server's authority beside its own: an agent with another bundle does not. */
export async function attackTrust(ledger: Ledger): Promise<void> {
  await using deployment = await Deployment.open();
  const token = await deployment.makeJoinToken();
  const genuine = join(deployment.folder, 'bootstrap.crt');
  const foreign = join(deployment.folder, 'foreign.crt');
  writeFileSync(foreign, (await makeIdentity('spiffe://example.org', { isCa: true })).certificate.toPem());
  const agent = (bundle: string): Promise<string> => {
    const variables = ['NODE_TLS_REJECT_UNAUTHORIZED=0', `NODE_EXTRA_CA_CERTS=${genuine}`, 'NODE_USE_SYSTEM_CA=1'];
    const flags = [
      '-trustDomain',
      'example.org',
      '-serverAddress',
      '127.0.0.1',
      '-serverPort',
      String(deployment.port),
    ];
    const files = [
      '-dataDir',
      join(deployment.folder, 'data'),
      '-socketPath',
      join(deployment.folder, 'other/api.sock'),
      '-trustBundle',
      bundle,
    ];
    const config = join(deployment.folder, 'agent.conf');
    return runUntil(
      'env',
      [...variables, ours.agent, 'run', '-config', config, ...flags, ...files, '-joinToken', token],
      /unknown authority|Node attestation was successful/,
    );
  };
  // Writes the configuration file; the agent itself goes before it attests.
  deployment.launchAgent();
  await deployment.stopAgent();
  const refused = await agent(foreign);
  ledger.check(
    'a server of a foreign authority, with NODE_TLS_REJECT_UNAUTHORIZED=0 and NODE_EXTRA_CA_CERTS',
    refused.includes('unknown authority') && !refused.includes('Node attestation was successful'),
  );
  ledger.control('the same agent with the right bundle attests', (await agent(genuine)).includes('was successful'));
}
