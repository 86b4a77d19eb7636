import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYOUT_NAMES, type LayoutName } from '../../src/lib/svidfiles/layouts/layouts.ts';
import { Deployment } from '../support/deployment.ts';
import { findOnPath, findRealSpire, ours, type Programs, run } from '../support/programs.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const noOpenssl = findOnPath('openssl') === undefined ? 'openssl is not on the PATH' : undefined;

const CHAIN: Readonly<Record<LayoutName, string>> = {
  spire: 'svid.0.pem',
  helper: 'svid.pem',
  'k8s-tls': 'tls.crt',
  combined: 'combined.pem',
  p12: 'keystore.p12',
  'spiffe-fd': 'credential-bundle.private-key.pem',
};
const KEY: Readonly<Record<LayoutName, string>> = {
  ...CHAIN,
  spire: 'svid.0.key',
  helper: 'svid_key.pem',
  'k8s-tls': 'tls.key',
};
const BUNDLE: Readonly<Record<LayoutName, string>> = {
  spire: 'bundle.0.pem',
  helper: 'svid_bundle.pem',
  'k8s-tls': 'ca.crt',
  combined: 'bundle.pem',
  p12: 'truststore.p12',
  'spiffe-fd': 'example.org.spiffe-trust-bundle.pem',
};

describe.each([
  ['our agent', ours],
  ['a real agent', findRealSpire()],
] as [string, Programs | undefined][])('identities of %s in files', (_, daemons) => {
  const missing = daemons === undefined ? 'SPIRE_AGENT_BIN and SPIRE_SERVER_BIN do not name real programs' : undefined;
  let deployment: Deployment;

  beforeAll(async () => {
    if (daemons === undefined) return;
    deployment = await Deployment.open({ daemons });
    await deployment.startAgent();
    await deployment.createEntry('/other', [`unix:uid:${process.getuid?.() ?? 0}`], '-hint', 'other');
    await deployment.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`], '-hint', 'internal');
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/other');
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
  }, 120_000);
  afterAll(() => deployment?.[Symbol.asyncDispose]());

  it.for(LAYOUT_NAMES)('as %s, with a JWT-SVID beside', async (layout, { skip }) => {
    if (missing !== undefined) return skip(missing);
    const folder = join(deployment.folder, layout);
    const args = ['-write', folder, '-layout', layout, '-hint', 'internal', '-jwtAudience', 'database'];
    const env = { ...process.env, STORE: 'changeit' };
    if (layout === 'p12') args.push('-keystorePasswordEnv', 'STORE');
    const written = await deployment.agent(['api', 'fetch', 'x509', ...args], { env });
    expect([written.code, written.stderr]).toEqual([0, '']);
    const generation = realpathSync(join(folder, '..data'));
    expect(statSync(join(generation, KEY[layout])).mode & 0o7777).toBe(0o600);
    const claims = readFileSync(join(generation, 'jwt_svid.0.token'), 'utf8').split('.')[1] ?? '';
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: 'spiffe://example.org/web',
      aud: ['database'],
    });
    expect(JSON.parse(readFileSync(join(generation, 'jwt_bundle.json'), 'utf8'))).toBeTypeOf('object');
    expect(readdirSync(generation)).toHaveLength(
      layout === 'combined' || layout === 'p12' || layout === 'spiffe-fd' ? 4 : 5,
    );
    const read = (name: string): Buffer => readFileSync(join(generation, name));
    if (layout === 'p12') {
      expect(() => createSecureContext({ pfx: read('keystore.p12'), passphrase: 'changeit' })).not.toThrow();
      return;
    }
    const certificate = new X509Certificate(read(CHAIN[layout]));
    expect(certificate.subjectAltName).toBe('URI:spiffe://example.org/web');
    expect(certificate.checkPrivateKey(createPrivateKey(read(KEY[layout])))).toBe(true);
    if (noOpenssl !== undefined) return;
    const verified = await run('openssl', ['verify', '-CAfile', BUNDLE[layout], CHAIN[layout]], { cwd: generation });
    expect([verified.code, verified.stdout]).toEqual([0, `${CHAIN[layout]}: OK\n`]);
  });
});
