import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Certificate } from '../../src/lib/crypto/certificate.ts';
import { Bundle, formatBundleDocument } from '../../src/lib/spiffe/bundle.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';
import { Deployment, freePort } from '../support/deployment.ts';
import { HttpsEndpoint, TestAuthority } from '../support/https-endpoint.ts';
import { type Finished, findRealSpire, ours, type Programs, run } from '../support/programs.ts';

function documentOf(name: string, roots: readonly Certificate[], sequenceNumber = 1n): string {
  const contents = { x509Authorities: roots, jwtAuthorities: new Map(), refreshHint: 300n, sequenceNumber };
  return formatBundleDocument(new Bundle(TrustDomain.parse(name), contents));
}

const real = findRealSpire();
const servers: readonly [string, Programs | undefined][] = [
  ['of spirekit', ours],
  [real === undefined ? 'of SPIRE (skipped: SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name none)' : 'of SPIRE', real],
];

describe.each(servers)('a server %s', (_, daemons) => {
  describe.skipIf(daemons === undefined)('joins', () => {
    let near: Deployment;
    let endpoint: HttpsEndpoint;
    let far: TestAuthority;
    let webRoots: string;
    let nearPort: number;
    let answer: (response: ServerResponse) => void = () => {};

    beforeAll(async () => {
      const web = await TestAuthority.make();
      far = await TestAuthority.make('spiffe://far.example');
      const identity = await web.issue({ dnsNames: ['localhost'] });
      endpoint = await HttpsEndpoint.open(identity, (_request, response) => answer(response));
      nearPort = await freePort();
      near = await Deployment.open({
        trustDomain: 'near.example',
        ...(daemons !== undefined && { daemons }),
        serverSettings: `federation { bundle_endpoint { address = "127.0.0.1" port = ${nearPort} profile "https_spiffe" {} } }`,
      });
      webRoots = join(near.folder, 'web.pem');
      writeFileSync(webRoots, web.pem);
      await near.stopServer();
      await near.startServer({ env: { SSL_CERT_FILE: webRoots } });
    });
    afterAll(async () => {
      await endpoint[Symbol.asyncDispose]();
      await near[Symbol.asyncDispose]();
    });

    const spirekit = (args: readonly string[], more: { socket?: string; stdin?: string } = {}): Promise<Finished> =>
      run(ours.spirekit, [...args, '--socket-path', more.socket ?? near.serverSocket], {
        cwd: near.folder,
        env: { ...process.env, SSL_CERT_FILE: webRoots },
        ...(more.stdin !== undefined && { stdin: more.stdin }),
      });
    const federated = async (): Promise<string[]> => {
      const listed = JSON.parse((await near.server('bundle', 'list', '-output', 'json')).stdout);
      return listed.bundles.map((bundle: { trust_domain: string }) => bundle.trust_domain);
    };

    test('no trust domain that nobody agreed to, and none with another fingerprint', async () => {
      answer = (response) => response.end(documentOf('far.example', [far.certificate]));
      const unasked = await spirekit(['federation', 'join', endpoint.url()]);
      expect(unasked).toMatchObject({ code: 2, stdout: '' });
      expect(unasked.stderr).toContain('Trust domain     far.example');
      expect(unasked.stderr).toContain('there is no terminal to ask on: say --yes to go ahead');
      const other = await spirekit(['federation', 'join', endpoint.url(), '--fingerprint', 'SHA256:00:11']);
      expect(other.code).toBe(9);
      expect(await federated()).toEqual([]);
    });

    test.each<[string, RegExp, number, (response: ServerResponse) => void]>([
      ['an own trust domain name', /own trust domain/, 2, async () => {}],
      [
        'another trust domain',
        /one of its roots names trust domain/,
        9,
        (response) => response.end(documentOf('far.example', [far.certificate])),
      ],
      ['no keys', /trusts nothing/, 9, (response) => response.end('{"keys":[]}')],
      ['no bundle', /./, 9, (response) => response.end('\u001b[2Jnothing')],
      [
        'a redirect to http',
        /redirect .* is not followed/,
        5,
        (response) => response.writeHead(302, { location: 'http://localhost/' }).end(),
      ],
      ['more than it should', /more than 1048576 bytes/, 1, (response) => response.end(Buffer.alloc(2 ** 20 + 1))],
      ['an error', /status 500/, 3, (response) => response.writeHead(500).end('\u001b[31mred')],
    ])('F39: nothing from an endpoint that serves %s', async (what, message, code, serve) => {
      const own = JSON.parse((await near.server('bundle', 'show', '-format', 'spiffe')).stdout);
      answer = what.startsWith('an own') ? (response) => response.end(JSON.stringify(own)) : serve;
      const named = what === 'another trust domain' ? ['--trust-domain', 'else.example'] : [];
      const named2 = what === 'no keys' ? ['--trust-domain', 'far.example'] : named;
      const refused = await spirekit(['federation', 'join', endpoint.url(), '--yes', ...named2]);
      expect(refused.stderr).toMatch(message);
      expect(refused.stderr).not.toContain('\u001b');
      expect(refused).toMatchObject({ code, stdout: '' });
      expect(await federated()).toEqual([]);
    });

    test('a trust domain by its fingerprint, once, and says how it fares', async () => {
      answer = (response) => response.end(documentOf('far.example', [far.certificate]));
      const declined = await spirekit(['federation', 'join', endpoint.url(), '--fingerprint', '00']);
      const fingerprint = /has the fingerprint ([0-9a-f]{64})/.exec(declined.stderr)?.[1] ?? '';
      const joined = await spirekit(['federation', 'join', endpoint.url(), '--fingerprint', fingerprint]);
      expect(joined, joined.stderr).toMatchObject({ code: 0 });
      expect(joined.stdout).toMatch(
        /^Federated with far\.example\.\n[\s\S]*--trust-domain near\.example --fingerprint/,
      );
      expect(await federated()).toEqual(['far.example']);

      const again = await spirekit(['federation', 'join', endpoint.url(), '--output', 'json']);
      expect(again.code).toBe(0);
      expect(JSON.parse(again.stdout)).toMatchObject({
        schema: 'federation-join/v1',
        result: 'already-joined',
        fingerprint,
      });
      const elsewhere = await spirekit(['federation', 'join', endpoint.url('/else'), '--yes']);
      expect(elsewhere.code).toBe(7);
      expect(elsewhere.stdout).toContain(`bundle endpoint: it is ${endpoint.url()}, not ${endpoint.url('/else')}`);

      const status = async () => {
        const { code, stdout, stderr } = await spirekit(['federation', 'status', '--output', 'json']);
        const [domain] = JSON.parse(stdout || '{"trust_domains":[{"findings":[]}]}').trust_domains;
        return { code, stderr, domain, codes: domain.findings.map((finding: { code: string }) => finding.code) };
      };
      expect(await status()).toMatchObject({ code: 0, codes: ['SPK-6109'], domain: { endpoint: 'same', entries: 0 } });
      await near.createEntry('/web', ['unix:uid:1'], '-federatesWith', 'far.example');
      const second = await TestAuthority.make('spiffe://far.example');
      answer = (response) => response.end(documentOf('far.example', [far.certificate, second.certificate], 2n));
      expect(await status()).toMatchObject({
        code: 10,
        codes: ['SPK-6108'],
        domain: { endpoint: 'differs', entries: 1 },
      });
      answer = (response) => response.writeHead(404).end();
      expect(await status()).toMatchObject({ code: 10, codes: ['SPK-6107'] });
      const table = await spirekit(['federation', 'status', '--no-fetch']);
      expect(table.stdout).toMatch(/^Trust domain +Profile/);
      expect(table.stderr).toContain('near.example has the bundle with the fingerprint');
    });

    test('a server by its SVID, recognised by a bundle from stdin', async () => {
      await using third = await Deployment.open({ trustDomain: 'third.example' });
      const document = (await near.server('bundle', 'show', '-format', 'spiffe')).stdout;
      const url = `https://localhost:${nearPort}/`;
      const id = ['--endpoint-spiffe-id', 'spiffe://near.example/spire/server'];
      const without = await spirekit(['federation', 'join', url, ...id, '--yes'], { socket: third.serverSocket });
      expect(without.code).toBe(1);
      expect(without.stderr).toContain('there is no bundle of near.example to recognise the endpoint by');
      const wrong = await spirekit(
        ['federation', 'join', url, '--endpoint-spiffe-id', 'spiffe://near.example/other', '--bundle', '-', '--yes'],
        { socket: third.serverSocket, stdin: document },
      );
      expect(wrong.stderr).toContain('did not prove who it is: unexpected ID');
      const joined = await spirekit(['federation', 'join', url, ...id, '--bundle', '-', '--yes'], {
        socket: third.serverSocket,
        stdin: document,
      });
      expect(joined, joined.stderr + joined.stdout).toMatchObject({ code: 0 });
      const status = await spirekit(['federation', 'status', '--output', 'json'], { socket: third.serverSocket });
      expect(JSON.parse(status.stdout).trust_domains).toMatchObject([
        { trust_domain: 'near.example', bundle_endpoint_profile: 'https_spiffe', endpoint: 'same' },
      ]);
    });
  });
});
