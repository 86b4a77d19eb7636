import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificate } from '../../src/lib/crypto/certificate.ts';
import { verifyX509Svid } from '../../src/lib/spiffe/x509-svid.ts';
import { Deployment } from '../support/deployment.ts';
import { upstreamSpire } from '../support/nested.ts';

const selectors = [`unix:uid:${process.getuid?.() ?? 0}`];

/** A server and an agent below another server and agent, all of them processes. */
let root: Deployment;
let nested: Deployment;

beforeAll(async () => {
  root = await Deployment.open();
  await root.startAgent();
  await root.createEntry('/nested', selectors, '-downstream');
  nested = await Deployment.open({ serverPlugins: upstreamSpire(root) });
  await nested.startAgent();
  await nested.createEntry('/below', selectors);
  await root.createEntry('/above', selectors);
}, 60_000);
afterAll(async () => {
  await nested?.[Symbol.asyncDispose]();
  await root?.[Symbol.asyncDispose]();
});

/** Asks until the entry has reached the agent. */
async function fetchX509(where: Deployment, path: string): Promise<{ chain: Certificate[]; bundle: Certificate[] }> {
  let found: { chain: Certificate[]; bundle: Certificate[] } | undefined;
  await expect
    .poll(
      async () => {
        await where.agent(['api', 'fetch', 'x509', '-write', where.folder]);
        for (let index = 0; found === undefined && index < 3; index += 1) {
          const read = (name: string): Certificate[] => {
            try {
              return Certificate.parsePem(readFileSync(join(where.folder, `${name}.${index}.pem`)));
            } catch {
              return [];
            }
          };
          const [chain, bundle] = [read('svid'), read('bundle')];
          if (chain[0]?.uris[0]?.endsWith(path) === true) found = { chain, bundle };
        }
        return found !== undefined;
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  if (found === undefined) throw new Error('no SVID');
  return found;
}

async function fetchJwt(where: Deployment, path: string): Promise<string> {
  const id = `spiffe://example.org${path}`;
  const { stdout } = await where.agent(['api', 'fetch', 'jwt', '-audience', 'nest', '-spiffeID', id]);
  return /\t(\S+\.\S+\.\S+)/.exec(stdout)?.[1] ?? '';
}

describe('a server nested under another', () => {
  test('has its agent serve chains that the workloads of the root verify, and the other way round', async () => {
    const below = await fetchX509(nested, '/below');
    const above = await fetchX509(root, '/above');
    expect(below.chain).toHaveLength(2);
    expect(above.chain).toHaveLength(1);
    expect(below.bundle.map((each) => each.toPem())).toEqual(above.bundle.map((each) => each.toPem()));
    const getX509Bundle = () => above.bundle;
    const nowMs = Date.now();
    expect(verifyX509Svid(below.chain, { getX509Bundle }, { nowMs }).id.path).toBe('/below');
    expect(verifyX509Svid(above.chain, { getX509Bundle: () => below.bundle }, { nowMs }).id.path).toBe('/above');
  });

  test('has its JWT-SVIDs validated at the agent of the root, and the other way round', async () => {
    for (const [from, path, to] of [
      [nested, '/below', root],
      [root, '/above', nested],
    ] as const) {
      const token = await fetchJwt(from, path);
      // The agent learns of a key a moment after the server.
      await expect
        .poll(async () => (await to.agent(['api', 'validate', 'jwt', '-audience', 'nest', '-svid', token])).stdout, {
          timeout: 30_000,
        })
        .toContain('SVID is valid.');
    }
  });

  test('shows who signed its authority, which its root alone may taint', async () => {
    const shown = await nested.server('localauthority', 'x509', 'show');
    const [upstream] = Certificate.parsePem((await root.server('bundle', 'show')).stdout);
    const keyId = Buffer.from(upstream?.subjectKeyId ?? []).toString('hex');
    expect(shown.stdout).toContain(`Upstream authority Subject Key ID: ${keyId}`);
    const authorityId = /Authority ID: (\S+)/.exec(shown.stdout)?.[1] ?? '';
    const tainted = await nested.server('localauthority', 'x509', 'taint', '-authorityID', authorityId);
    expect(tainted.stderr).toContain("local authority can't be tainted if there is an upstream authority");
    const refused = await nested.server('upstreamauthority', 'taint', '-subjectKeyID', keyId);
    expect(refused.stderr).toContain('unable to use upstream authority singing current authority');
  });

  test('goes on without its root, also over a restart', async () => {
    await root.killServer();
    await nested.killServer();
    await nested.startServer();
    const { code, stderr } = await nested.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/minted');
    expect([code, stderr]).toEqual([0, '']);
    expect((await nested.server('healthcheck')).code).toBe(0);
    await root.startServer();
  });
});
