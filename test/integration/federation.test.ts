import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Deployment, freePort } from '../support/deployment.ts';
import { HttpsEndpoint, pemFiles, TestAuthority } from '../support/https-endpoint.ts';

const roots = (text: string): number => text.split('BEGIN CERTIFICATE').length - 1;

async function withEndpoint(profile: string, more = ''): Promise<{ settings: string; port: number }> {
  const port = await freePort();
  const settings = `federation { bundle_endpoint { address = "127.0.0.1" port = ${port} profile ${profile} } ${more} }`;
  return { settings, port };
}

describe('two servers', () => {
  test('federate by SVID after one bundle was set by hand, and learn of a new root', async () => {
    const { settings, port } = await withEndpoint('"https_spiffe" {}');
    await using near = await Deployment.open({ trustDomain: 'near.example', serverSettings: settings });
    await using far = await Deployment.open({ trustDomain: 'far.example' });
    const create = await far.server(
      ...['federation', 'create', '-trustDomain', 'near.example', '-bundleEndpointProfile', 'https_spiffe'],
      ...[
        '-bundleEndpointURL',
        `https://localhost:${port}/`,
        '-endpointSpiffeID',
        'spiffe://near.example/spire/server',
      ],
    );
    expect(create.code, create.stderr).toBe(0);
    const refresh = () => far.server('federation', 'refresh', '-id', 'near.example');
    const early = await refresh();
    expect(early).toMatchObject({ code: 1, stdout: '' });
    expect(early.stderr).toContain("can't perform SPIFFE Authentication: local copy of bundle not found");
    // A server that is not federated with is no less healthy for it.
    expect((await far.server('healthcheck')).code).toBe(0);

    const path = join(far.folder, 'near.json');
    writeFileSync(path, (await near.server('bundle', 'show', '-format', 'spiffe')).stdout);
    const id = ['-id', 'spiffe://near.example'];
    expect((await far.server('bundle', 'set', ...id, '-format', 'spiffe', '-path', path)).code).toBe(0);
    expect(await refresh()).toMatchObject({ code: 0, stdout: 'Bundle refreshed\n' });
    const listed = () => far.server('bundle', 'list', ...id).then(({ stdout }) => roots(stdout));
    expect(await listed()).toBe(1);
    expect((await near.server('localauthority', 'x509', 'prepare')).code).toBe(0);
    expect((await refresh()).code).toBe(0);
    expect(await listed()).toBe(2);
    expect(far.log('server')).toContain('msg="Error updating bundle"');
    expect(far.log('server')).toContain('msg="Bundle refreshed"');
    expect(near.log('server')).toContain('msg="Serving bundle endpoint"');
  });

  test('federate by certificates of the web, as configured, and keep what they have when the other goes', async () => {
    const web = await TestAuthority.make();
    const identity = await web.issue({ dnsNames: ['localhost'] });
    const files = pemFiles(identity);
    const document = '{"keys":[],"spiffe_sequence":1,"spiffe_refresh_hint":60}';
    const endpoint = await HttpsEndpoint.open(identity, (_, response) => response.end(document));
    await using far = await Deployment.open({ trustDomain: 'far.example' });
    const [webRoots, cert, key] = ['roots.pem', 'cert.pem', 'key.pem'].map((name) => join(far.folder, name));
    writeFileSync(webRoots ?? '', web.pem);
    writeFileSync(cert ?? '', files.cert);
    writeFileSync(key ?? '', files.key);
    const near = await withEndpoint(
      `"https_web" { serving_cert_file { cert_file_path = "${cert}" key_file_path = "${key}" file_sync_interval = "1m" } }`,
      `federates_with "other.example" { bundle_endpoint_url = "${endpoint.url()}" bundle_endpoint_profile "https_web" {} }
       federates_with "gone.example" { bundle_endpoint_url = "https://localhost:1/" bundle_endpoint_profile "https_web" {} }`,
    );
    await far.stopServer();
    await far.startServer({ serverSettings: near.settings, env: { SSL_CERT_FILE: webRoots } });
    const refreshed = await far.server('federation', 'refresh', '-id', 'other.example');
    expect(refreshed.code, refreshed.stderr).toBe(0);
    expect(JSON.parse((await far.server('bundle', 'list', '-output', 'json')).stdout)).toMatchObject({
      bundles: [{ trust_domain: 'other.example', sequence_number: '1' }],
    });
    const gone = await far.server('federation', 'refresh', '-id', 'gone.example');
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('dial tcp localhost:1: connection refused');
    // As in SPIRE only relationships of the API are listed.
    expect((await far.server('federation', 'list')).stdout).toBe('Found 0 federation relationships\n');
    await endpoint[Symbol.asyncDispose]();
    expect((await far.server('federation', 'refresh', '-id', 'other.example')).code).toBe(1);
    expect((await far.server('bundle', 'list', '-id', 'spiffe://other.example', '-output', 'json')).stdout).toContain(
      'other.example',
    );
    expect((await far.server('healthcheck')).code).toBe(0);
  });

  test('are not started with certificates from ACME, and say what to do instead', async () => {
    const acme = await withEndpoint('"https_web" { acme { domain_name = "a.example" email = "a@a.example" } }');
    const refused = Deployment.open({ serverSettings: acme.settings });
    await expect(refused).rejects.toThrow(/gets no certificates from ACME servers; have another program do it/);
  });
});
