import { describe, expect, test } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findRealSpire, ours, type Programs, run } from '../support/programs.ts';

const real = findRealSpire();
const servers: readonly [string, Programs | undefined][] = [
  ['of spirekit', ours],
  [real === undefined ? 'of SPIRE (skipped: SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name none)' : 'of SPIRE', real],
];

describe.each(servers)('a server %s', (_, daemons) => {
  test.skipIf(daemons === undefined)('lists agents whose SVID has ended, and is rid of them on request', async () => {
    await using deployment = await Deployment.open({
      ...(daemons !== undefined && { daemons }),
      serverSettings: 'agent_ttl = "4s"',
    });
    await deployment.startAgent();
    await deployment.killAgent();
    const spirekit = (...args: string[]) => run(ours.spirekit, [...args, '--socket-path', deployment.serverSocket]);
    expect(await spirekit('agent', 'clean', '--older-than', '1h')).toMatchObject({
      code: 0,
      stdout: 'There are no stale agents.\n',
    });
    const expired = async () => (await deployment.server('agent', 'list', '-expired', '0s')).stdout;
    await expect.poll(expired, { timeout: 30_000 }).toContain('Found 1 attested agent');
    expect((await deployment.server('agent', 'list', '-expired', '1h')).stdout).toContain('No attested agents');
    expect((await deployment.server('agent', 'count', '-expired', '0s')).stdout).toContain('1 attested agent');

    // A join token is used up.
    expect((await spirekit('agent', 'clean', '--older-than', '0s')).stdout).toBe('There are no stale agents.\n');
    const clean = ['agent', 'clean', '--older-than', '0s', '--cannot-reattest'];
    const tried = await spirekit(...clean, '--dry-run', '--output', 'json');
    expect(tried.code).toBe(10);
    expect(JSON.parse(tried.stdout)).toMatchObject({
      schema: 'agent-clean/v1',
      dry_run: true,
      agents: [{ attestation_type: 'join_token', can_reattest: false, entries: 1, outcome: 'kept' }],
      findings: [{ code: 'SPK-6201' }, { code: 'SPK-6202' }],
    });
    const unasked = await spirekit(...clean);
    expect(unasked.code).toBe(2);
    expect(unasked.stderr).toContain('say --yes to go ahead');
    expect(await expired()).toContain('Found 1 attested agent');

    const done = await spirekit(...clean, '--yes', '--output', 'pretty');
    expect(done.code).toBe(0);
    expect(done.stdout).toMatch(/^1 stale agent:\nspiffe:\/\/example\.org\/spire\/agent\/join_token\/\S+ .*: yes\n$/);
    expect(await expired()).toContain('No attested agents');
    expect((await spirekit(...clean, '--yes')).code).toBe(0);
  });
});
