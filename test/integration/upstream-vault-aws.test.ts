import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Certificate } from '../../src/lib/crypto/certificate.ts';
import { Deployment } from '../support/deployment.ts';
import { findMoto, Moto } from '../support/moto.ts';
import { findOpenBao, mountPki, OpenBao } from '../support/open-bao.ts';
import { untilIdentity } from '../support/workload-caller.ts';
import { certificatesPem, keyPem, makeCa } from '../unit/server/plugin/upstreamauthority/certificate-tree.ts';

const foundBao = await findOpenBao();
const foundMoto = await findMoto();
const uid = process.getuid?.() ?? 0;
const timeout = 120_000;
const SECRET = 'wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY';

/** The roots that the server gives out. */
async function rootsOf(deployment: Deployment): Promise<Certificate[]> {
  return [...Certificate.parsePem(Buffer.from((await deployment.server('bundle', 'show')).stdout))];
}

/** A workload of the deployment gets an SVID whose chain has so many certificates. */
async function expectChain(deployment: Deployment, length: number): Promise<void> {
  await deployment.startAgent();
  await deployment.createEntry('/web', [`unix:uid:${uid}`]);
  await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
  const fetched = await deployment.agent(['api', 'fetch', 'x509', '-output', 'json']);
  const { svids } = JSON.parse(fetched.stdout);
  expect(Buffer.from(svids[0].x509_svid, 'base64').length).toBeGreaterThan(0);
  const minted = await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/minted');
  const pem = minted.stdout.slice(
    minted.stdout.indexOf('-----BEGIN CERTIFICATE'),
    minted.stdout.indexOf('Private key'),
  );
  expect(Certificate.parsePem(Buffer.from(pem))).toHaveLength(length);
}

describe('a server below the PKI engine of Vault', () => {
  let bao: OpenBao;
  beforeEach(({ skip }) => skip('missing' in foundBao, 'missing' in foundBao ? foundBao.missing : ''));
  beforeAll(async () => {
    if ('missing' in foundBao) return;
    bao = await OpenBao.start(foundBao.program, { tls: true });
    await mountPki(bao, 'pki');
    await mountPki(bao, 'spire', { above: 'pki' });
  });
  afterAll(async () => await bao?.[Symbol.asyncDispose]());

  const upstream = (mount: string): string => `UpstreamAuthority "vault" { plugin_data {
    vault_addr = "${bao.address}" ca_cert_path = "${bao.caPath}" pki_mount_point = "${mount}" token_auth {}
  } }`;

  it('gives its agent chains up to the root in Vault, also after a restart without Vault', { timeout }, async () => {
    const token = await bao.newToken('path "spire/root/sign-intermediate" { capabilities = ["create", "update"] }');
    const serverEnv = { VAULT_TOKEN: token };
    await using deployment = await Deployment.open({ serverPlugins: upstream('spire'), serverEnv });
    const { data } = await bao.must('GET', 'pki/cert/ca');
    const [root] = Certificate.parsePem(Buffer.from(data?.certificate ?? ''));
    expect((await rootsOf(deployment)).map(({ der }) => der)).toEqual([root?.der]);
    await expectChain(deployment, 3);
    await deployment.stopServer();
    await bao.seal();
    await deployment.startServer();
    expect(await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/m')).toMatchObject({ code: 0 });
    await bao.unseal();
    expect(deployment.log('server') + deployment.log('agent')).not.toContain(token);
  });

  it('does not start without a CA where Vault refuses, and says what to do', { timeout }, async () => {
    const token = await bao.newToken('path "pki/issue/*" { capabilities = ["update"] }');
    const failed = Deployment.open({ serverPlugins: upstream('pki'), serverEnv: { VAULT_TOKEN: token } });
    await expect(failed).rejects.toThrow(
      /refuses .*sign-intermediate.*permission denied; give the token of this server/,
    );
    await expect(failed).rejects.not.toThrow(token);
  });
});

describe('a server below a CA in AWS Secrets Manager', () => {
  let moto: Moto;
  beforeEach(({ skip }) => skip('missing' in foundMoto, 'missing' in foundMoto ? foundMoto.missing : ''));
  beforeAll(async () => {
    if ('missing' in foundMoto) return;
    moto = await Moto.start(foundMoto);
  });
  afterAll(async () => await moto?.[Symbol.asyncDispose]());

  it('gives its agent chains up to the root that is there, and publishes its bundle to S3', { timeout }, async () => {
    const nowMs = Date.now();
    const root = await makeCa('root', { nowMs });
    const middle = await makeCa('middle', { nowMs, above: root });
    await moto.createSecret('cert', certificatesPem(middle));
    await moto.createSecret('key', keyPem(middle));
    await moto.createSecret('bundle', certificatesPem(root));
    await moto.createBucket('bundles');
    const keys = `access_key_id = "AKIA" secret_access_key = "${SECRET}"`;
    const serverPlugins = `UpstreamAuthority "awssecret" { plugin_data {
      region = "eu-central-1" cert_file_arn = "cert" key_file_arn = "key" bundle_file_arn = "bundle" ${keys}
    } }
    BundlePublisher "aws_s3" { plugin_data {
      region = "us-east-1" bucket = "bundles" object_key = "example.org" format = "pem" ${keys}
    } }`;
    await using deployment = await Deployment.open({ serverPlugins, serverEnv: moto.env });
    expect((await rootsOf(deployment)).map(({ der }) => der)).toEqual([root.certificate.der]);
    await expectChain(deployment, 3);
    await expect
      .poll(async () => Buffer.from((await moto.getObject('bundles', 'example.org')) ?? []).toString(), {
        timeout: 30_000,
      })
      .toBe(certificatesPem(root));
    expect(deployment.log('server')).not.toContain(SECRET);
    expect(deployment.log('server')).not.toContain('PRIVATE KEY');
  });

  it('does not start where a secret is missing, and names it', { timeout }, async () => {
    const serverPlugins = `UpstreamAuthority "awssecret" { plugin_data {
      region = "eu-central-1" cert_file_arn = "no-cert" key_file_arn = "no-key" access_key_id = "AKIA" secret_access_key = "${SECRET}"
    } }`;
    const failed = Deployment.open({ serverPlugins, serverEnv: moto.env });
    await expect(failed).rejects.toThrow(
      /Failed to configure plugin.*GetSecretValue of .*no-key.* failed: ResourceNotFoundException/,
    );
  });
});
