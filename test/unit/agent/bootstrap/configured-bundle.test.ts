import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BundleConfig, loadConfiguredBundle } from '../../../../src/lib/agent/bootstrap/configured-bundle.ts';
import { issueCertificate } from '../../../../src/lib/crypto/certificate-builder.ts';
import { privateKeyToPkcs8, publicKeyDer, subjectKeyId } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { pemEncode } from '../../../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';
import { RpcServer } from '../../../../src/lib/rpc/server.ts';
import { Bundle, formatBundleDocument } from '../../../../src/lib/spiffe/bundle.ts';
import { SpiffeWorkloadAPIDefinition } from '../../../../src/lib/wire/gen/workload.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { makeCa, type TestCa } from '../certificates.ts';
import { TestFolder, TRUST_DOMAIN } from '../support.ts';

let ca: TestCa;
beforeAll(async () => {
  ca = await makeCa(Date.now());
});

const folder = new TestFolder();
afterAll(() => folder[Symbol.dispose]());

function load(
  trustBundle: BundleConfig['trustBundle'],
  options: {
    readonly format?: 'pem' | 'spiffe';
    readonly extraRoots?: readonly string[];
    readonly signal?: AbortSignal;
  } = {},
) {
  return loadConfiguredBundle(
    { trustDomain: TRUST_DOMAIN, trustBundle, trustBundleFormat: options.format ?? 'pem' },
    {
      clock: new ManualClock(),
      signal: options.signal ?? new AbortController().signal,
      helperParameters: { 'spire-attest-mode': 'bootstrap', 'spiffe-trust-domain': 'example.org' },
      extraRoots: options.extraRoots,
    },
  );
}

function file(name: string, text: string): { kind: 'file'; path: string } {
  writeFileSync(folder.file(name), text);
  return { kind: 'file', path: folder.file(name) };
}

describe('a bundle from a file', () => {
  test('is read as PEM', async () => {
    const other = await makeCa(0);
    const authorities = await load(file('a', ca.certificate.toPem() + other.certificate.toPem()));
    expect(authorities?.map(({ der }) => der)).toEqual([ca.certificate.der, other.certificate.der]);
  });

  test('is read as a SPIFFE bundle document', async () => {
    const document = formatBundleDocument(new Bundle(TRUST_DOMAIN, { x509Authorities: [ca.certificate] }));
    expect(await load(file('b', document), { format: 'spiffe' })).toHaveLength(1);
  });

  test.each([
    ['an empty file', '', 'pem'],
    ['a file of something else', 'hello', 'pem'],
    ['a document without X.509 keys', '{"keys": []}', 'spiffe'],
    ['a document that is none', '{', 'spiffe'],
  ] as const)('is refused: %s', async (_, text, format) => {
    await expect(load(file('c', text), { format })).rejects.toMatchObject({ code: 'invalid-bundle' });
  });

  test('is missed with the name of the file', async () => {
    const missing = load({ kind: 'file', path: folder.file('absent') });
    await expect(missing).rejects.toThrow(/^could not parse trust bundle: .*absent/);
  });
});

test('an insecure bootstrap has no bundle', async () => {
  expect(await load({ kind: 'insecure' })).toBeUndefined();
});

/** A web server that is gone with the test. */
async function serve(server: Server, where: number | string): Promise<{ port: number } & AsyncDisposable> {
  server.listen(where);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Certificate and key for localhost. */
async function localhost(): Promise<{ cert: string; key: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const subject = Name.of({ commonName: 'localhost' });
  const certificate = await issueCertificate({
    subject,
    issuer: subject,
    dnsNames: ['localhost'],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 600_000),
    isCa: true,
    keyUsages: ['keyCertSign', 'digitalSignature'],
    publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(publicKey)),
    signer: signerFromKey(privateKey),
  });
  return { cert: certificate.toPem(), key: pemEncode('PRIVATE KEY', privateKeyToPkcs8(privateKey)) };
}

describe('a bundle from a URL', () => {
  async function get(listener: RequestListener, path = '/bundle') {
    const identity = await localhost();
    await using server = await serve(createSecureServer(identity, listener), 0);
    const url = `https://localhost:${server.port}${path}`;
    return await load({ kind: 'url', url, unixSocket: undefined }, { extraRoots: [identity.cert] });
  }

  test('is downloaded over https', async () => {
    const authorities = await get((_, response) => response.end(ca.certificate.toPem()));
    expect(authorities).toHaveLength(1);
  });

  test('may be somewhere else on https', async () => {
    const authorities = await get((request, response) => {
      if (request.url === '/elsewhere') response.end(ca.certificate.toPem());
      else response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(authorities).toHaveLength(1);
  });

  test('is not followed to http, nor in a circle', async () => {
    const away = get((_, response) => response.writeHead(302, { location: 'http://localhost/' }).end());
    await expect(away).rejects.toThrow('redirected to http://');
    const circle = get((request, response) => response.writeHead(302, { location: request.url ?? '' }).end());
    await expect(circle).rejects.toThrow('too many redirects');
  });

  test('is refused from a server that nobody vouches for', async () => {
    await using server = await serve(
      createSecureServer(await localhost(), (_, response) => response.end(ca.certificate.toPem())),
      0,
    );
    const url = `https://localhost:${server.port}/`;
    await expect(load({ kind: 'url', url, unixSocket: undefined })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test.each([404, 500])('is not there when the answer is %d', async (status) => {
    const answer = get((_, response) => response.writeHead(status).end());
    await expect(answer).rejects.toThrow(`error downloading trust bundle: ${status}`);
  });

  test('is refused when it is too large', async () => {
    const answer = get((_, response) => response.end(Buffer.alloc(5 << 20)));
    await expect(answer).rejects.toThrow('the answer is too large');
  });

  test('is asked for through a unix socket with what the agent is up to', async () => {
    const urls: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      urls.push(request.url);
      response.end(ca.certificate.toPem());
    });
    await using _listening = await serve(server, folder.file('helper.sock'));
    const source = { kind: 'url', url: 'http://helper/b?x=1', unixSocket: folder.file('helper.sock') } as const;
    expect(await load(source)).toHaveLength(1);
    expect(urls).toEqual(['/b?x=1&spire-attest-mode=bootstrap&spiffe-trust-domain=example.org']);
  });

  test('is given up when told to', async () => {
    const stop = new AbortController();
    await using _silent = await serve(
      createServer(() => stop.abort()),
      folder.file('silent.sock'),
    );
    const source = { kind: 'url', url: 'http://helper/', unixSocket: folder.file('silent.sock') } as const;
    await expect(load(source, { signal: stop.signal })).rejects.toMatchObject({ code: 'canceled' });
  });
});

describe('a bundle from another Workload API', () => {
  async function ask(bundles: Record<string, Uint8Array>) {
    await using server = new RpcServer();
    server.addService(SpiffeWorkloadAPIDefinition, {
      async *fetchX509Bundles(_request, call) {
        if (call.metadata.get('workload.spiffe.io')[0] !== 'true') throw new Error('no header');
        yield { crl: [], bundles };
      },
    });
    await server.listenUnix({ path: folder.file('other.sock'), socketMode: 0o600 });
    return await load({ kind: 'workload-api', address: `unix://${folder.file('other.sock')}` });
  }

  test('is the one of the own trust domain', async () => {
    expect(await ask({ 'spiffe://example.org': ca.certificate.der })).toHaveLength(1);
  });

  test('is missed when there is none of it', async () => {
    await expect(ask({ 'spiffe://other.org': ca.certificate.der })).rejects.toThrow(
      /^unable to fetch trust bundle from SPIFFE Workload API .*no bundle for trust domain "example.org"/,
    );
  });

  test('is missed when nobody answers', async () => {
    const nobody = load({ kind: 'workload-api', address: `unix://${folder.file('nobody.sock')}` });
    await expect(nobody).rejects.toMatchObject({ code: 'unavailable' });
  });
});
