import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { get as getSecurely } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TelemetryConfig } from '../../../src/lib/config/section/telemetry.ts';
import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { SpiffeError } from '../../../src/lib/spiffe/spiffe-error.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { NO_METRICS } from '../../../src/lib/telemetry/metrics.ts';
import { type ExporterCredentials, Telemetry } from '../../../src/lib/telemetry/telemetry.ts';
import { freePort } from '../../support/deployment.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { makeCa, makeSvid, type TestCa } from '../agent/certificates.ts';
import { MemoryLog } from '../agent/support.ts';

const trustDomain = TrustDomain.parse('example.org');
const clock = new ManualClock();
const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };

interface Identity {
  readonly certificates: readonly Certificate[];
  readonly privateKey: Awaited<ReturnType<typeof generateKey>>;
}

type TlsSettings = NonNullable<NonNullable<TelemetryConfig['prometheus']>['tls']>;

let ca: TestCa;
let foreignCa: TestCa;
/** Node's own check of clients looks at the real clock. */
let webCa: TestCa;
let own: Identity;

async function identity(by: TestCa, uri: string, nowMs = clock.nowMs()): Promise<Identity> {
  const privateKey = await generateKey('ec-p256');
  const { publicKey } = signerFromKey(privateKey);
  const leaf = await makeSvid(by, {
    uri,
    publicKey,
    notBeforeMs: nowMs - 10_000,
    notAfterMs: nowMs + 3_600_000,
    dnsNames: ['localhost'],
  });
  return { certificates: [leaf], privateKey };
}

beforeAll(async () => {
  ca = await makeCa(clock.nowMs(), trustDomain);
  foreignCa = await makeCa(clock.nowMs(), TrustDomain.parse('other.org'));
  webCa = await makeCa(Date.now(), trustDomain);
  own = await identity(ca, 'spiffe://example.org/spire/server');
  writeFileSync(files.ca, webCa.certificate.toPem());
  writeFileSync(files.cert, own.certificates.map((certificate) => certificate.toPem()).join(''));
  writeFileSync(files.key, own.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
});

afterAll(() => rmSync(folder, { recursive: true }));

function configOf(port: number, tls?: Partial<TlsSettings>): TelemetryConfig {
  const noTls: TlsSettings = {
    certFile: '',
    keyFile: '',
    clientCaFile: '',
    useSpireSvid: false,
    authorizedSpiffeIds: [],
  };
  return {
    prometheus: { host: '', port, tls: tls && { ...noTls, ...tls } },
    dogStatsd: [],
    statsd: [],
    m3: [],
    isInMemEnabled: false,
    metricPrefix: '',
    isTrustDomainLabelEnabled: true,
    isHostnameLabelEnabled: false,
    allowedPrefixes: [],
    blockedPrefixes: [],
    allowedLabels: [],
    blockedLabels: [],
  };
}

function open(config: TelemetryConfig, log = new MemoryLog()): Promise<Telemetry> {
  return Telemetry.open({ config, serviceName: 'spire_server', trustDomain, version: 'x', clock, log });
}

/** Bundles of both trust domains. */
const credentials: ExporterCredentials = {
  identity: () => own,
  bundles: {
    getX509Bundle: ({ name }) => {
      if (name === 'example.org') return [ca.certificate];
      if (name === 'other.org') return [foreignCa.certificate];
      throw new SpiffeError('not-found', name);
    },
  },
};

/** Asks over TLS, as somebody or as nobody; resolves with the text and the certificate that the exporter showed. */
function ask(port: number, as?: Identity): Promise<{ status: number; text: string; peer: PeerCertificate }> {
  const material = as && {
    cert: as.certificates.map((certificate) => certificate.toPem()).join(''),
    key: as.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  return new Promise((resolve, reject) => {
    const options = { host: 'localhost', port, path: '/metrics', agent: false, rejectUnauthorized: false, ...material };
    getSecurely(options, (response) => {
      const peer = (response.socket as TLSSocket).getPeerCertificate();
      collect(response).then((text) => resolve({ status: response.statusCode ?? 0, text, peer }), reject);
    }).on('error', reject);
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

describe('telemetry', () => {
  test('counts nothing where no sink is configured', async () => {
    await using telemetry = await open({ ...configOf(0), prometheus: undefined });
    expect(telemetry.metrics).toBe(NO_METRICS);
    await telemetry.serve(credentials);
  });

  test('is read over HTTP, any path, GET and HEAD alone', async () => {
    const port = await freePort();
    await using telemetry = await open(configOf(port));
    await telemetry.serve(credentials);
    const response = await fetch(`http://localhost:${port}/any`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain(
      'spire_server_started{version="x",trust_domain_id="example_org",trust_domain="example_org"} 1',
    );
    expect((await fetch(`http://localhost:${port}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
  });

  test('shows the time since the start on a clock that does not jump', async () => {
    const port = await freePort();
    await using telemetry = await open(configOf(port));
    await telemetry.serve(credentials);
    clock.advance(20_000);
    const text = await (await fetch(`http://localhost:${port}/`)).text();
    expect(text).toMatch(/^spire_server_uptime_in_ms\{.*\} 20000$/m);
  });

  test('serves identities all the same where its port is taken', async () => {
    const port = await freePort();
    const log = new MemoryLog();
    await using first = await open(configOf(port));
    await first.serve(credentials);
    await using second = await open(configOf(port), log);
    await second.serve(credentials);
    expect(log.lines.map(({ message }) => message).join('\n')).toContain('Prometheus exporter could not be started');
  });

  test('gives up its port when it is disposed of, also with a client in the middle of a request', async () => {
    const port = await freePort();
    const telemetry = await open(configOf(port));
    await telemetry.serve(credentials);
    const request = get({ host: 'localhost', port, path: '/', headers: { connection: 'keep-alive' } });
    const ended = new Promise((resolve) =>
      request.on('response', (response) => response.resume().on('close', resolve)),
    );
    await ended;
    await telemetry[Symbol.asyncDispose]();
    await expect(fetch(`http://localhost:${port}/`)).rejects.toThrow();
  });
});

describe('the TLS of the exporter', () => {
  test('shows the certificate of its files, to clients of its CA alone if there is one', async () => {
    const port = await freePort();
    await using telemetry = await open(
      configOf(port, { certFile: files.cert, keyFile: files.key, clientCaFile: files.ca }),
    );
    await telemetry.serve(credentials);
    await expect(ask(port)).rejects.toThrow();
    await expect(ask(port, await identity(foreignCa, 'spiffe://other.org/w', Date.now()))).rejects.toThrow();
    const client = await identity(webCa, 'spiffe://example.org/w', Date.now());
    expect((await ask(port, client)).text).toContain('spire_server_started');
  });

  test("shows the daemon's SVID, and the next one once it was replaced", async () => {
    const port = await freePort();
    await using telemetry = await open(configOf(port, { useSpireSvid: true }));
    await telemetry.serve(credentials);
    const first = await ask(port);
    const before = own;
    own = await identity(ca, 'spiffe://example.org/spire/server');
    const second = await ask(port);
    expect(first.peer.serialNumber).not.toBe(second.peer.serialNumber);
    expect(Buffer.from(own.certificates[0]?.der ?? []).equals(second.peer.raw)).toBe(true);
    own = before;
  });

  test('lets authorized SPIFFE IDs in and nobody else, each by the bundle of its own trust domain', async () => {
    const port = await freePort();
    const authorizedSpiffeIds = ['spiffe://example.org/prometheus', 'spiffe://other.org/prometheus'];
    await using telemetry = await open(configOf(port, { useSpireSvid: true, authorizedSpiffeIds }));
    await telemetry.serve(credentials);
    expect((await ask(port, await identity(ca, 'spiffe://example.org/prometheus'))).status).toBe(200);
    expect((await ask(port, await identity(foreignCa, 'spiffe://other.org/prometheus'))).status).toBe(200);
    await expect(ask(port)).rejects.toThrow();
    await expect(ask(port, await identity(ca, 'spiffe://example.org/w'))).rejects.toThrow();
    // A federated CA must not speak for this trust domain.
    await expect(ask(port, await identity(foreignCa, 'spiffe://example.org/prometheus'))).rejects.toThrow();
  });

  test.each([
    [{ useSpireSvid: true, certFile: 'a' }, 'cert_file and key_file cannot be configured'],
    [{ certFile: 'a' }, 'cert_file and key_file must both be configured'],
    [
      { useSpireSvid: true, clientCaFile: 'a', authorizedSpiffeIds: ['spiffe://example.org/a'] },
      'client_ca_file cannot',
    ],
    [{ useSpireSvid: true, authorizedSpiffeIds: ['example.org'] }, 'invalid authorized SPIFFE ID "example.org"'],
  ])('refuses settings that make no sense: %j', async (tls, sentence) => {
    await expect(open(configOf(0, tls))).rejects.toThrow(sentence);
  });

  test('names the file that it cannot read, or that holds no key', async () => {
    const port = await freePort();
    await using missing = await open(configOf(port, { certFile: files.cert, keyFile: join(folder, 'none.pem') }));
    await expect(missing.serve(credentials)).rejects.toThrow('none.pem');
    await using mixed = await open(configOf(port, { certFile: files.key, keyFile: files.cert }));
    await expect(mixed.serve(credentials)).rejects.toMatchObject({ code: 'invalid-config' });
  });
});
