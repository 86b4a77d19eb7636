import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatPing, pingJson } from '../../../src/lib/cli/pretty/mtls.ts';
import { authorityIdOf } from '../../../src/lib/inspect/certificate-view.ts';
import type { MtlsIdentity } from '../../../src/lib/mtls/identity.ts';
import { type PingOptions, type PingReport, ping } from '../../../src/lib/mtls/ping.ts';
import { tlsMaterial } from '../../../src/lib/rpc/tls-material.ts';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { SpiffeId, TrustDomain } from '../../../src/lib/spiffe/spiffe-id.ts';
import { freePort } from '../../support/deployment.ts';
import { findOnPath } from '../../support/programs.ts';
import { issue } from '../crypto/test-ca.ts';
import { bundleOf, type Domain, issueLeaf, makeDomain, makeIdentity, Peer } from './peers.ts';

const WEB = SpiffeId.parse('spiffe://near.test/web');
let near: Domain;
let far: Domain;
let other: Domain;
let us: MtlsIdentity;

beforeAll(async () => {
  near = await makeDomain('near.test');
  far = await makeDomain('far.test');
  // Another deployment of the same name.
  other = await makeDomain('near.test');
  us = await makeIdentity(near, '/client', [bundleOf(near), bundleOf(far)]);
});

const call = (port: number, options: Partial<PingOptions> = {}): Promise<PingReport> =>
  ping({
    host: '127.0.0.1',
    port,
    identity: us,
    rule: { ids: [WEB], trustDomains: [] },
    clock: systemClock,
    signal: new AbortController().signal,
    timeoutMs: 20_000,
    ...options,
  });

const codes = ({ findings }: PingReport): string[] => findings.map(({ code }) => code);

describe('a peer', () => {
  it('that is who was meant is accepted, with the bundle that vouched for it', async () => {
    await using peer = await Peer.tls(await issueLeaf(near, '/web'));
    const report = await call(peer.port);
    expect([report.outcome, codes(report)]).toEqual(['good', []]);
    expect(report.verdict?.authority).toBe(authorityIdOf(near.ca.certificate));
    expect(report.handshake).toMatchObject({ protocol: 'TLSv1.3', wantsClientCertificate: true });
    expect(formatPing(report)).toContain('the bundle of near.test');
    expect(pingJson(report)).toMatchObject({ schema: 'mtls-ping/v1', outcome: 'good' });
  });

  it('of TLS 1.2 is, too', async () => {
    await using peer = await Peer.tls(await issueLeaf(near, '/web'), { maxVersion: 'TLSv1.2' });
    expect(await call(peer.port)).toMatchObject({ outcome: 'good', handshake: { protocol: 'TLSv1.2' } });
  });

  it('that is somebody else is refused', async () => {
    await using peer = await Peer.tls(await issueLeaf(near, '/db'));
    const report = await call(peer.port);
    expect([report.outcome, codes(report)]).toEqual(['peer-refused', ['SPK-8015']]);
    expect(await call(peer.port, { rule: { ids: [], trustDomains: [TrustDomain.parse('near.test')] } })).toMatchObject({
      outcome: 'good',
    });
  });

  it('of another authority is refused with both identifiers: the rotation has not arrived', async () => {
    await using peer = await Peer.tls(await issueLeaf(other, '/web'));
    const report = await call(peer.port);
    expect([report.outcome, codes(report)]).toEqual(['peer-refused', ['SPK-8012']]);
    const [finding] = report.findings;
    expect(finding?.message).toContain(authorityIdOf(other.ca.certificate));
    expect(finding?.message).toContain(`has ${authorityIdOf(near.ca.certificate)}`);
  });

  it('whose SVID expired is refused, and how long ago', async () => {
    const notAfter = new Date(Date.now() - 4 * 60_000 - 5_000);
    await using peer = await Peer.tls(
      await issueLeaf(near, '/web', { notBefore: new Date(Date.now() - 3_600_000), notAfter }),
    );
    const report = await call(peer.port);
    expect([report.outcome, codes(report)]).toEqual(['peer-refused', ['SPK-8013']]);
    expect(report.findings[0]?.message).toBe("the peer's SVID expired 4 minutes ago");
  });

  it('of a federated trust domain is accepted by the bundle of that one, and by no other', async () => {
    await using peer = await Peer.tls(await issueLeaf(far, '/web'));
    const rule = { ids: [], trustDomains: [TrustDomain.parse('far.test')] };
    expect(await call(peer.port, { rule })).toMatchObject({ outcome: 'good', peerClaims: 'spiffe://far.test/web' });
    const alone = await makeIdentity(near, '/client', [bundleOf(near)]);
    const report = await call(peer.port, { rule, identity: alone });
    expect([report.outcome, codes(report)]).toEqual(['peer-refused', ['SPK-8014']]);
    // A federated authority that signs for our trust domain.
    await using forged = await Peer.tls(await issueLeaf({ ...far, name: 'near.test' }, '/web'));
    expect(codes(await call(forged.port))).toEqual(['SPK-8012']);
  });

  it('by a tainted authority is accepted with a warning', async () => {
    await using peer = await Peer.tls(await issueLeaf(near, '/web'));
    const identity = await makeIdentity(near, '/client', [bundleOf(near, true)]);
    const report = await call(peer.port, { identity });
    expect([report.outcome, codes(report)]).toEqual(['good', ['SPK-8017']]);
  });

  it('without SPIFFE ID is told to be an ordinary server', async () => {
    const leaf = await issue({ dnsNames: ['www.example'], notAfter: new Date(Date.now() + 3_600_000) });
    await using peer = await Peer.tls(leaf);
    const report = await call(peer.port);
    expect([report.outcome, codes(report)]).toEqual(['peer-refused', ['SPK-8011']]);
    expect(report.findings[0]?.evidence).toContain('DNS names www.example');
  });

  it('with two SPIFFE IDs, or that is a CA, breaks a rule that is named', async () => {
    await using peer = await Peer.tls(
      await issueLeaf(near, '/web', { uris: ['spiffe://near.test/web', 'spiffe://near.test/db'] }),
    );
    const report = await call(peer.port);
    expect(codes(report)).toEqual(['SPK-8016']);
    expect(report.findings[0]?.rule).toBe('XS-02 X509-SVID 2');
  });

  it('that asks for no certificate of ours is told apart', async () => {
    await using peer = await Peer.tls(await issueLeaf(near, '/web'), { requestCert: false });
    const report = await call(peer.port);
    expect([report.outcome, codes(report)]).toEqual(['good', ['SPK-8020']]);
  });

  it('may be anybody where nobody is expected, which is said', async () => {
    await using peer = await Peer.tls(await issueLeaf(near, '/db'));
    const report = await call(peer.port, { rule: { ids: [], trustDomains: [] } });
    expect([report.outcome, codes(report)]).toEqual(['good', ['SPK-8024']]);
  });

  it('is called with an SVID of ours that has expired, which is said', async () => {
    const times = { notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 3_600_000) };
    const identity = await makeIdentity(near, '/client', [bundleOf(near)], times);
    await using peer = await Peer.tls(await issueLeaf(near, '/web'));
    expect(codes(await call(peer.port, { identity }))).toEqual(['SPK-8022']);
    const stranger = await makeIdentity(other, '/client', [bundleOf(near)]);
    expect(codes(await call(peer.port, { identity: stranger }))).toEqual(['SPK-8023']);
  });
});

describe('what is no peer', () => {
  it.each([
    ['speaks HTTP in the clear', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'no-tls', 'SPK-8005'],
    ['speaks SSH', 'SSH-2.0-x\r\n', 'no-tls', 'SPK-8005'],
    ['hangs up', '', 'refused-by-peer', 'SPK-8006'],
  ])('%s', async (_, words, outcome, code) => {
    await using peer = await Peer.plain(words);
    const report = await call(peer.port);
    expect([report.outcome, codes(report)]).toEqual([outcome, [code]]);
  });

  it('says nothing, and is left after a while', async () => {
    await using peer = await Peer.plain(undefined);
    const report = await call(peer.port, { timeoutMs: 50 });
    expect([report.outcome, codes(report)]).toEqual(['timeout', ['SPK-8004']]);
  });

  it('does not listen', async () => {
    const report = await call(await freePort());
    expect([report.outcome, codes(report)]).toEqual(['unreachable', ['SPK-8002']]);
  });

  it('has no address', async () => {
    const report = await call(1, { host: 'no host of that name' });
    expect([report.outcome, codes(report)]).toEqual(['unreachable', ['SPK-8001']]);
  });

  it('does not speak the protocol that was offered', async () => {
    await using peer = await Peer.tls(await issueLeaf(near, '/web'), { ALPNProtocols: ['other'] });
    const report = await call(peer.port, { alpn: ['h2'] });
    expect([report.outcome, codes(report)]).toEqual(['refused-by-peer', ['SPK-8007']]);
    expect(report.findings[0]?.message).toContain('none of the application protocols');
  });

  it('speaks only an old version of TLS', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await using peer = await Peer.tls(await issueLeaf(near, '/web'), old);
    const report = await call(peer.port);
    expect([report.outcome, codes(report)]).toEqual(['refused-by-peer', ['SPK-8007']]);
    expect(report.findings[0]?.message).toContain('before 1.2');
  });
});

const openssl = findOnPath('openssl');

describe.skipIf(openssl === undefined)(
  `a peer of OpenSSL${openssl === undefined ? ' (skipped: openssl is not on the PATH)' : ''}`,
  () => {
    it.each(['-tls1_3', '-tls1_2'])(
      'that refuses our SVID by an alert (%s) is explained from both sides',
      async (version) => {
        const folder = mkdtempSync(join(tmpdir(), 'spirekit-mtls-'));
        let server: ChildProcess | undefined;
        try {
          const { certificate, key } = await issueLeaf(near, '/web');
          const { cert, key: pem } = tlsMaterial([certificate.der], key);
          writeFileSync(join(folder, 'cert.pem'), cert);
          writeFileSync(join(folder, 'key.pem'), pem);
          // It knows another authority than ours.
          writeFileSync(join(folder, 'ca.pem'), far.ca.certificate.toPem());
          const port = await freePort();
          server = spawn(
            openssl ?? '',
            [
              's_server',
              '-accept',
              `127.0.0.1:${port}`,
              '-cert',
              'cert.pem',
              '-key',
              'key.pem',
              '-CAfile',
              'ca.pem',
            ].concat(['-Verify', '3', '-verify_return_error', version]),
            { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] },
          );
          await new Promise<void>((resolve, reject) => {
            server?.once('exit', () => reject(new Error('openssl has ended')));
            server?.stdout?.on('data', (chunk: Buffer) => chunk.includes('ACCEPT') && resolve());
          });
          const report = await call(port);
          expect(report.outcome).toBe('refused-by-peer');
          expect(codes(report)).toEqual(['SPK-8007']);
          expect(report.findings[0]?.message).toContain('it does not know the authority of our SVID');
          expect(report.findings[0]?.evidence?.[0]).toContain(authorityIdOf(near.ca.certificate));
        } finally {
          server?.removeAllListeners('exit');
          server?.kill('SIGKILL');
          rmSync(folder, { recursive: true, force: true });
        }
      },
    );
  },
);
