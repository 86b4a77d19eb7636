import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findOnPath, run } from '../support/programs.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const uid = process.getuid?.() ?? 0;
let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.open();
  await deployment.startAgent();
  await deployment.createEntry('/web', [`unix:uid:${uid}`], '-dns', 'web.test', '-x509SVIDTTL', '600');
  await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
});
afterAll(() => deployment[Symbol.asyncDispose]());

describe('from nothing to an SVID on disk', () => {
  it('writes the SVID, its key and the bundle with the modes they need', async () => {
    const fetched = await deployment.agent(['api', 'fetch', 'x509', '-write', deployment.folder]);
    expect(fetched).toMatchObject({ code: 0, stderr: '' });
    const mode = (name: string): number => statSync(join(deployment.folder, name)).mode & 0o777;
    expect([mode('svid.0.pem'), mode('svid.0.key'), mode('bundle.0.pem')]).toEqual([0o644, 0o600, 0o644]);
  });

  it('writes an SVID that openssl verifies against the bundle', async ({ skip }) => {
    if (findOnPath('openssl') === undefined) return skip('openssl is not on the PATH');
    await deployment.agent(['api', 'fetch', 'x509', '-write', deployment.folder]);
    const at = (name: string): string => join(deployment.folder, name);
    const verified = await run('openssl', ['verify', '-CAfile', at('bundle.0.pem'), at('svid.0.pem')]);
    expect(verified.stdout).toContain('svid.0.pem: OK');
    const text = await run('openssl', ['x509', '-in', at('svid.0.pem'), '-noout', '-text']);
    expect(text.stdout).toContain('URI:spiffe://example.org/web');
    expect(text.stdout).toContain('DNS:web.test');
    const keyOfCertificate = await run('openssl', ['x509', '-in', at('svid.0.pem'), '-noout', '-pubkey']);
    const keyOfFile = await run('openssl', ['pkey', '-in', at('svid.0.key'), '-pubout']);
    expect(keyOfCertificate.stdout).toBe(keyOfFile.stdout);
  });

  it('keeps private keys and join tokens out of both logs', () => {
    const logs = deployment.log('server') + deployment.log('agent');
    expect(logs).not.toContain('PRIVATE KEY');
    expect(logs).not.toMatch(/eyJ[\w-]+\.eyJ/);
    const key = readFileSync(join(deployment.folder, 'svid.0.key'), 'utf8').split('\n')[1] ?? '';
    expect(key.length).toBeGreaterThan(10);
    expect(logs).not.toContain(key);
  });

  it('gives a new entry to the workload without waiting for a poll', async () => {
    await deployment.createEntry('/soon', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/soon');
  });
});
