import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findRealSpire, ours, type Programs, run } from '../support/programs.ts';

const real = findRealSpire();
const servers: readonly [string, Programs | undefined][] = [
  ['of spirekit', ours],
  [real === undefined ? 'of SPIRE (skipped: SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name none)' : 'of SPIRE', real],
];

describe.each(servers)('a server %s', (_, daemons) => {
  test.skipIf(daemons === undefined)('answers operators who are elsewhere as it does on its socket', async () => {
    await using deployment = await Deployment.open({
      ...(daemons !== undefined && { daemons }),
      serverSettings: 'admin_ids = ["spiffe://example.org/operator"]',
    });
    const folder = join(deployment.folder, 'operator');
    mkdirSync(folder);
    const minted = await deployment.server(
      'x509',
      'mint',
      '-spiffeID',
      'spiffe://example.org/operator',
      '-write',
      folder,
    );
    expect(minted.code, minted.stderr).toBe(0);
    const spirekit = (...words: string[]) =>
      run(ours.spirekit, [...words, '--server-addr', `127.0.0.1:${deployment.port}`, '--caller-svid', folder]);
    const plan = await spirekit('authority', 'rotate', '--output', 'json');
    expect(plan.code, plan.stderr).toBe(10);
    expect(JSON.parse(plan.stdout).next.command).toContain(`--server-addr 127.0.0.1:${deployment.port}`);
    expect((await spirekit('authority', 'rotate', '--step', '--yes', '--output', 'json')).stdout).toContain(
      '"prepared"',
    );
    expect(await spirekit('federation', 'status', '--output', 'pretty')).toMatchObject({ code: 0 });
    expect(await spirekit('agent', 'clean', '--dry-run')).toMatchObject({ code: 0 });
    const top = await spirekit('top', '--once', '--output', 'json');
    expect(top.code, top.stderr).toBe(0);
    expect(JSON.parse(top.stdout).server).toMatchObject({ trust_domain: 'example.org', entries: 0 });
  });
});
