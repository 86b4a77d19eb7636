import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  callerJson,
  formatAnswerHead,
  formatCaller,
  formatPing,
  formatRequest,
  pingJson,
} from '../../../src/lib/cli/pretty/mtls.ts';
import type { Finding } from '../../../src/lib/findings/finding.ts';
import { authorityIdOf } from '../../../src/lib/inspect/certificate-view.ts';
import { type Caller, EchoServer } from '../../../src/lib/mtls/echo-server.ts';
import { CallRefusedError, callOverMtls, type HttpsAnswer, type HttpsCall } from '../../../src/lib/mtls/https-call.ts';
import type { MtlsIdentity } from '../../../src/lib/mtls/identity.ts';
import type { PeerRule } from '../../../src/lib/mtls/peer-rule.ts';
import { ping } from '../../../src/lib/mtls/ping.ts';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { SpiffeId, TrustDomain } from '../../../src/lib/spiffe/spiffe-id.ts';
import { bundleOf, type Domain, issueLeaf, makeDomain, makeIdentity, Peer } from './peers.ts';

let near: Domain;
let far: Domain;
let web: MtlsIdentity;
let client: MtlsIdentity;
const WEB = { ids: [SpiffeId.parse('spiffe://near.test/web')], trustDomains: [] };
const CLIENT = { ids: [SpiffeId.parse('spiffe://near.test/client')], trustDomains: [] };

beforeAll(async () => {
  near = await makeDomain('near.test');
  far = await makeDomain('far.test');
  web = await makeIdentity(near, '/web', [bundleOf(near), bundleOf(far)]);
  client = await makeIdentity(near, '/client', [bundleOf(near)]);
});

/** A server with what it has told. */
class Echo implements AsyncDisposable {
  readonly callers: Caller[] = [];
  readonly failures: Finding[] = [];
  #server: EchoServer | undefined;

  static async open(rule: PeerRule = CLIENT): Promise<Echo> {
    const echo = new Echo();
    echo.#server = await EchoServer.open({
      host: '127.0.0.1',
      port: 0,
      identity: web,
      rule,
      clock: systemClock,
      render: (caller) => JSON.stringify(callerJson(caller)),
      events: {
        arrived: (caller) => echo.callers.push(caller),
        asked: () => {},
        left: () => {},
        failed: (finding) => echo.failures.push(finding),
      },
    });
    return echo;
  }

  get server(): EchoServer {
    if (this.#server === undefined) throw new Error('not open');
    return this.#server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

async function get(address: string, options: Partial<HttpsCall> = {}): Promise<{ status: number; body: string }> {
  let got = { status: 0, body: '' };
  await callOverMtls(
    {
      url: new URL(`https://${address}/`),
      method: 'GET',
      headers: [],
      body: undefined,
      identity: client,
      rule: WEB,
      clock: systemClock,
      signal: new AbortController().signal,
      timeoutMs: 20_000,
      maxBytes: 1 << 20,
      ...options,
    },
    async ({ status, body }) => {
      const parts: Uint8Array[] = [];
      for await (const part of body) parts.push(part);
      got = { status, body: Buffer.concat(parts).toString() };
    },
  );
  return got;
}

describe('mtls serve and mtls curl', () => {
  it('tell each other who they are', async () => {
    await using echo = await Echo.open();
    const { status, body } = await get(echo.server.address);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      schema: 'mtls-caller/v1',
      accepted: true,
      spiffe_id: 'spiffe://near.test/client',
      authority: authorityIdOf(near.ca.certificate),
    });
    expect(echo.callers.map(formatCaller).join('')).toMatch(
      /^accepted {2}127\.0\.0\.1:\d+ {2}spiffe:\/\/near.test\/client/,
    );
  });

  it('send a body with headers', async () => {
    await using echo = await Echo.open();
    const body = Buffer.from('{"a":1}');
    expect(await get(echo.server.address, { method: 'POST', body, headers: [['X-A', 'b']] })).toMatchObject({
      status: 200,
    });
  });

  it.each([
    ['of another ID', () => makeIdentity(near, '/other', [bundleOf(near)]), 'SPK-8015'],
    ['of a federated trust domain', () => makeIdentity(far, '/client', [bundleOf(near)]), 'SPK-8015'],
    [
      'of an authority that the server does not know',
      async () => makeIdentity(await makeDomain('near.test'), '/client', [bundleOf(near)]),
      'SPK-8012',
    ],
  ])('refuse a caller %s, and say why', async (_, make, code) => {
    await using echo = await Echo.open();
    const { status, body } = await get(echo.server.address, { identity: await make() });
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ accepted: false, findings: [{ code }] });
  });

  it('let a trust domain in, and nobody by an empty rule', async () => {
    const identity = await makeIdentity(far, '/any', [bundleOf(near)]);
    await using open = await Echo.open({ ids: [], trustDomains: [TrustDomain.parse('far.test')] });
    expect(await get(open.server.address, { identity })).toMatchObject({ status: 200 });
    await using closed = await Echo.open({ ids: [], trustDomains: [] });
    expect(await get(closed.server.address)).toMatchObject({ status: 403 });
  });

  it('send nothing to a server that is somebody else', async () => {
    await using echo = await Echo.open();
    const rule = { ids: [SpiffeId.parse('spiffe://near.test/db')], trustDomains: [] };
    const failure = await get(echo.server.address, { rule }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CallRefusedError);
    expect(failure).toMatchObject({ code: 'unauthenticated', findings: [{ code: 'SPK-8015' }] });
  });

  it('rotate: new connections meet the new SVID', async () => {
    await using echo = await Echo.open();
    const next = await makeIdentity(near, '/next', [bundleOf(near)]);
    echo.server.rotate(next);
    await expect(get(echo.server.address)).rejects.toMatchObject({ code: 'unauthenticated' });
    const rule = { ids: [next.svid.id], trustDomains: [] };
    expect(await get(echo.server.address, { rule })).toMatchObject({ status: 200 });
  });

  it('see a caller that only shakes hands, and one without TLS', async () => {
    await using echo = await Echo.open();
    const port = Number(echo.server.address.split(':')[1]);
    const options = { host: '127.0.0.1', port, identity: client, rule: WEB, clock: systemClock, timeoutMs: 20_000 };
    expect(await ping({ ...options, signal: new AbortController().signal })).toMatchObject({ outcome: 'good' });
    expect(echo.callers).toHaveLength(1);
  });

  it('bound what an answer may be, and the time for it', async () => {
    await using echo = await Echo.open();
    await expect(get(echo.server.address, { maxBytes: 10 })).rejects.toMatchObject({ code: 'resource-exhausted' });
    await using silent = await Peer.tls(await issueLeaf(near, '/web'));
    await expect(get(`127.0.0.1:${silent.port}`, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'deadline-exceeded',
    });
    await using plain = await Peer.plain('HTTP/1.1 200 OK\r\n\r\n');
    await expect(get(`127.0.0.1:${plain.port}`)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('what peers say', () => {
  it('reaches no terminal with a control character', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const certificate = fc.record({
      subject: text,
      issuer: text,
      serialNumber: text,
      uris: fc.array(text, { maxLength: 2 }),
      dnsNames: fc.array(text, { maxLength: 2 }),
      ipAddresses: fc.constant([]),
      nameCount: fc.nat(),
      keyType: text,
      isCa: fc.boolean(),
      pathLength: fc.constant(undefined),
      keyUsages: fc.array(text, { maxLength: 1 }),
      extendedKeyUsages: fc.array(text, { maxLength: 1 }),
      notBeforeMs: fc.integer(),
      notAfterMs: fc.integer(),
      subjectKeyId: text,
      authorityKeyId: text,
      sha256: text,
    });
    fc.assert(
      fc.property(text, text, fc.array(certificate, { maxLength: 2 }), (a, b, chain) => {
        const finding: Finding = { code: 'SPK-8016', severity: 'error', subject: a, message: b };
        const verdict = { id: undefined, authority: undefined, isAccepted: false, findings: [finding] };
        const caller = { address: a, claims: b, verdict, chain, protocol: a, cipher: b };
        const shaken = {
          protocol: a,
          cipher: b,
          alpn: a,
          wantsClientCertificate: true,
          address: a,
          connectMs: 1,
          handshakeMs: 2,
        };
        const report = {
          address: a,
          ownId: b,
          handshake: shaken,
          peerClaims: b,
          verdict,
          chain,
          findings: [finding],
          outcome: 'peer-refused',
        } as const;
        const head: HttpsAnswer = {
          peer: SpiffeId.parse('spiffe://near.test/web'),
          status: 200,
          statusText: a,
          headers: [[a, b]],
          body: (async function* () {})(),
        };
        const shown =
          formatCaller(caller) +
          formatRequest(caller, { method: a, path: b }) +
          formatPing(report) +
          formatAnswerHead(head, true);
        expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
        expect(JSON.parse(JSON.stringify([callerJson(caller), pingJson(report)]))).toHaveLength(2);
      }),
    );
  });
});
