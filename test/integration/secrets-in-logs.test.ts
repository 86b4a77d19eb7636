import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { untilIdentity } from '../support/workload-caller.ts';

/** Long enough to be no coincidence. */
const TELLING_BYTES = 24;

/** The pieces of a text that would give it away, wherever they are cut. */
function pieces(secret: string): string[] {
  const plain = secret.replace(/\s/g, '');
  const found: string[] = [];
  for (let at = 0; at + TELLING_BYTES <= plain.length; at += TELLING_BYTES)
    found.push(plain.slice(at, at + TELLING_BYTES));
  return found;
}

it('0.12.0 (#1953): logs at DEBUG hold no token, no key and no selector', { timeout: 120_000 }, async () => {
  await using deployment = await Deployment.open({ logLevel: 'DEBUG' });
  await deployment.startAgent();
  const uid = process.geteuid?.();
  await deployment.createEntry('/web', [`unix:uid:${uid}`]);
  await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
  const written = await deployment.agent(['api', 'fetch', 'x509', '-write', deployment.folder]);
  expect(written.code).toBe(0);
  const key = readFileSync(join(deployment.folder, 'svid.0.key'), 'utf8').replace(/-----[^-]+-----/g, '');
  const fetched = await deployment.agent(['api', 'fetch', 'jwt', '-audience', 'reports', '-output', 'json']);
  const token = /"svid":\s*"([^"]+)"/.exec(fetched.stdout)?.[1] ?? '';
  expect(token.split('.')).toHaveLength(3);
  // A token that does not verify, for a reason that is logged.
  const refused = await deployment.agent(['api', 'validate', 'jwt', '-audience', 'others', '-svid', token]);
  expect(refused.code).not.toBe(0);
  const minted = await deployment.server('jwt', 'mint', '-spiffeID', 'spiffe://example.org/m', '-audience', 'reports');
  const joinToken = /Token: (\S+)/.exec((await deployment.server('token', 'generate')).stdout)?.[1] ?? '';
  const keyFiles = ['server-data/keys.json', 'agent-data/keys.json'].map((name) =>
    readFileSync(join(deployment.folder, name), 'utf8'),
  );
  const storedKeys = keyFiles.flatMap((text) =>
    [...text.matchAll(/"([A-Za-z0-9+/=]{100,})"/g)].map(([, base64]) => base64 ?? ''),
  );
  expect(storedKeys.length).toBeGreaterThan(1);

  // The algorithm is no secret; the claims are shown to whoever asks, the signature makes it a token.
  const signatures = [token, minted.stdout.trim()].map((jwt) => jwt.split('.')[2] ?? '');
  const secrets = [key, ...signatures, ...storedKeys].flatMap(pieces);
  expect(secrets.length).toBeGreaterThan(20);
  for (const which of ['server', 'agent'] as const) {
    const log = deployment.log(which);
    expect(log).toContain('level=debug');
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    expect(log).not.toContain(joinToken);
    expect(log).not.toContain('PRIVATE KEY');
  }
  // #6732: what the agent sees in a process stays out unless the operator asks for it.
  expect(deployment.log('agent')).not.toMatch(/unix:(uid|gid|user|group)/);
});
