import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpsEndpoint, TestAuthority } from '../support/https-endpoint.ts';
import { ours, projectRoot, run } from '../support/programs.ts';

const data = join(projectRoot, 'test/golden/data');
const documents: Readonly<Record<string, string | Buffer>> = {
  '/before': readFileSync(join(data, 'bundle-before.json')),
  '/after': readFileSync(join(data, 'bundle-after.json')),
  '/empty': '{"keys":[]}',
  '/huge': Buffer.alloc(10 << 20, ' '),
  '/words': '<html>not a bundle</html>',
};

describe('a bundle endpoint as a source', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spirekit-endpoint-'));
  let endpoint: HttpsEndpoint;
  let url: string;

  beforeAll(async () => {
    const web = await TestAuthority.make();
    writeFileSync(join(folder, 'roots.pem'), web.pem);
    endpoint = await HttpsEndpoint.open(await web.issue({ dnsNames: ['localhost'] }), (request, response) => {
      const document = documents[request.url ?? ''];
      if (request.url === '/plain') response.writeHead(302, { location: 'http://localhost/before' }).end();
      else if (document === undefined) response.writeHead(404).end();
      else response.end(document);
    });
    url = `https://localhost:${endpoint.port}`;
  });

  afterAll(async () => {
    await endpoint?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const spirekit = (args: readonly string[], isKnown = true) =>
    run(ours.spirekit, [...args, '--at', '2026-01-01T12:00:00Z'], {
      env: { ...process.env, ...(isKnown ? { SSL_CERT_FILE: join(folder, 'roots.pem') } : {}) },
    });

  it('is shown, compared, and counts as a bundle to verify by', async () => {
    expect(await spirekit(['bundle', 'inspect', `${url}/after`])).toMatchObject({ code: 0 });
    expect(await spirekit(['bundle', 'diff', `${url}/after`, join(data, 'bundle-after.json')])).toMatchObject({
      code: 0,
    });
    expect(await spirekit(['svid', 'verify', join(data, 'db.pem'), '--bundle', `${url}/after`])).toMatchObject({
      code: 0,
    });
    expect(await spirekit(['svid', 'verify', join(data, 'db.pem'), '--bundle', `${url}/before`])).toMatchObject({
      code: 9,
    });
  });

  it('F39: an older sequence, empty keys, a redirect to http, a large body and an unknown certificate are told', async () => {
    const older = await spirekit(['bundle', 'diff', `${url}/after`, `${url}/before`]);
    expect(older.code).toBe(10);
    expect(older.stdout).toContain('the second copy is older: sequence 7 after 8 [FD-05 Federation 4.2]');
    const empty = await spirekit(['bundle', 'inspect', `${url}/empty`, '--trust-domain', 'far.example']);
    expect(empty.stdout).toContain('nothing of this trust domain is trusted by it [TB-09');
    const failures = await Promise.all(
      ['/plain', '/huge', '/absent', '/words'].map((path) => spirekit(['bundle', 'inspect', url + path])),
    );
    expect(failures.map(({ code }) => code)).toEqual([5, 1, 3, 9]);
    expect(failures[0]?.stderr).toContain('must use the https scheme');
    expect(failures[1]?.stderr).toContain('more than 1048576 bytes');
    expect(await spirekit(['bundle', 'inspect', `${url}/after`], false)).toMatchObject({ code: 5 });
  });

  it('is a host with a certificate of the web, which is no SVID', async () => {
    const inspected = await spirekit(['svid', 'inspect', `${url}/after`], false);
    expect(inspected.code).toBe(0);
    expect(inspected.stdout).toContain('SPK-3005');
    const expiry = await spirekit(['expiry', url, '--output', 'json']);
    expect(JSON.parse(expiry.stdout)).toMatchObject({
      items: [{ kind: 'x509-svid', name: expect.stringContaining('localhost:') }],
    });
  });
});
