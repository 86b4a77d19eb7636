import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HealthAddress, parseHealthAddress } from '../../../src/lib/supervise/health-address.ts';
import { openHealthEndpoint } from '../../../src/lib/supervise/health-endpoint.ts';
import type { ReadinessReport } from '../../../src/lib/supervise/readiness.ts';

const READY: ReadinessReport = { isReady: true, reasons: [], spiffeId: 'spiffe://example.org/web', expiresAtMs: 0 };
const UNREADY: ReadinessReport = { isReady: false, reasons: ['x'], spiffeId: undefined, expiresAtMs: undefined };

describe('parseHealthAddress', () => {
  it.each([
    ['127.0.0.1:8081', { kind: 'tcp', host: '127.0.0.1', port: 8081 }],
    ['[::1]:80', { kind: 'tcp', host: '::1', port: 80 }],
    ['8081', { kind: 'tcp', host: '127.0.0.1', port: 8081 }],
    [':8081', { kind: 'tcp', host: '127.0.0.1', port: 8081 }],
    ['localhost:1', { kind: 'tcp', host: '127.0.0.1', port: 1 }],
    ['0.0.0.0:8081', { kind: 'tcp', host: '0.0.0.0', port: 8081 }],
    ['unix:/run/h.sock', { kind: 'unix', path: '/run/h.sock' }],
    ['unix:///run/h.sock', { kind: 'unix', path: '/run/h.sock' }],
  ] as const)('reads %s', (text, address) => expect(parseHealthAddress(text)).toEqual(address));

  it.each([
    '',
    'x',
    '127.0.0.1',
    '127.0.0.1:65536',
    '999.0.0.1:1',
    '[127.0.0.1]:1',
    'unix:h',
    'example.org:1',
    '::1:80',
  ])('refuses %j', (text) => expect(() => parseHealthAddress(text)).toThrow(/is no address to listen on/));

  it('reads an address that can be listened on from any text, or refuses it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.:[\]]*:\d{1,6}$/)), (text) => {
        let address: HealthAddress;
        try {
          address = parseHealthAddress(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
          return;
        }
        if (address.kind === 'tcp') expect(address.port).toBeLessThanOrEqual(65_535);
        else expect(address.path).toMatch(/^\//);
      }),
    );
  });
});

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function ask(where: { port: number } | { socketPath: string }, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', ...where, path, method, agent: false };
    const call = request(options, async (response) => {
      let body = '';
      for await (const chunk of response.setEncoding('utf8')) body += chunk;
      resolve({ status: response.statusCode, body });
    });
    call.on('error', reject);
    call.end();
  });
}

describe('the health endpoint', () => {
  const paths = { livePath: '/live', readyPath: '/ready' };

  it('says whether all is well, and why not', async () => {
    let report = UNREADY;
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    await using endpoint = await openHealthEndpoint({ address, ...paths, report: () => report });
    const { port } = endpoint;
    expect(await ask({ port }, '/live')).toMatchObject({ status: 200 });
    expect(await ask({ port }, '/ready')).toEqual({ status: 503, body: '{"ready":false,"reasons":["x"]}\n' });
    report = READY;
    expect(await ask({ port }, '/ready?verbose')).toMatchObject({ status: 200, body: /1970-01-01T00:00:00.000Z/ });
    expect(await ask({ port }, '/ready', 'HEAD')).toEqual({ status: 200, body: '' });
    expect(await ask({ port }, '/ready', 'POST')).toMatchObject({ status: 405 });
    expect(await ask({ port }, '/')).toMatchObject({ status: 404 });
  });

  it('says no more than yes or no where others can reach it', async () => {
    const address = { kind: 'tcp', host: '0.0.0.0', port: 0 } as const;
    await using endpoint = await openHealthEndpoint({ address, ...paths, report: () => READY });
    expect(await ask({ port: endpoint.port }, '/ready')).toEqual({ status: 200, body: '{"ready":true}\n' });
  });

  it('listens on a unix socket, in the place of one that nobody listens on any more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'health-'));
    try {
      const path = join(folder, 'h.sock');
      const open = () => openHealthEndpoint({ address: { kind: 'unix', path }, ...paths, report: () => READY });
      {
        await using _endpoint = await open();
        expect(await ask({ socketPath: path }, '/ready')).toMatchObject({ status: 200 });
        await expect(open()).rejects.toMatchObject({ code: 'already-exists' });
      }
      expect(() => statSync(path)).toThrow();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
