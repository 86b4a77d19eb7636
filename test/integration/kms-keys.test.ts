import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findMoto, Moto } from '../support/moto.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const found = await findMoto();
const uid = process.getuid?.() ?? 0;
const timeout = 120_000;
const SECRET = 'wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY';

describe('a server whose keys are in AWS KMS', () => {
  let moto: Moto;
  let folder: string | undefined;
  beforeEach(({ skip }) => skip('missing' in found, 'missing' in found ? found.missing : ''));
  beforeAll(async () => {
    if ('missing' in found) return;
    moto = await Moto.start(found);
    folder = mkdtempSync(join(tmpdir(), 'kms-server-'));
  });
  afterAll(async () => {
    await moto?.[Symbol.asyncDispose]();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const keyManager = (more: string): string =>
    `KeyManager "aws_kms" { plugin_data { region = "eu-central-1" key_identifier_file = "${folder}/identifier" ${more} } }`;

  it('gives SVIDs to workloads, and goes on with the same keys after a restart', { timeout }, async () => {
    const env = { ...moto.env, AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: SECRET };
    await using deployment = await Deployment.open({ keyManager: keyManager(''), serverEnv: env });
    await deployment.startAgent();
    await deployment.createEntry('/web', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
    const before = await deployment.server('bundle', 'show', '-format', 'spiffe');

    await deployment.stopServer();
    await deployment.startServer();
    const after = await deployment.server('bundle', 'show', '-format', 'spiffe');
    expect(JSON.parse(after.stdout).keys).toEqual(JSON.parse(before.stdout).keys);
    await deployment.createEntry('/later', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/later');
    const jwt = await deployment.agent(['api', 'fetch', 'jwt', '-audience', 'reports']);
    expect(jwt).toMatchObject({ code: 0 });
    expect(deployment.log('server')).toContain('plugin_name=aws_kms');
    expect(deployment.log('server')).not.toContain(SECRET);
  });

  it('finds its credentials in the shared files too, and its keys by their tags', { timeout }, async () => {
    const credentials = join(folder ?? '', 'credentials');
    writeFileSync(credentials, `[spire]\naws_access_key_id = AKIA\naws_secret_access_key = ${SECRET}\n`, {
      mode: 0o600,
    });
    const env = { ...moto.env, AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_PROFILE: 'spire' };
    const settings = keyManager('enable_tag_based_key_discovery = true').replace('/identifier', '/other-identifier');
    await using deployment = await Deployment.open({ keyManager: settings, serverEnv: env });
    expect(await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/m')).toMatchObject({ code: 0 });
  });

  it('does not start where KMS cannot be used, and says what to do', { timeout }, async () => {
    const env = { ...moto.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    const withKeys = keyManager(`access_key_id = "AKIA" secret_access_key = "${SECRET}"`);
    const away = Deployment.open({ keyManager: withKeys, serverEnv: env });
    await expect(away).rejects.toThrow(/Failed to configure plugin.*AWS KMS ListAliases failed: .*ECONNREFUSED/);
    const poor = Deployment.open({ keyManager: keyManager(''), serverEnv: moto.env });
    await expect(poor).rejects.toThrow(/AWS KMS ListAliases failed: .*check the credentials of this server/);
  });
});
