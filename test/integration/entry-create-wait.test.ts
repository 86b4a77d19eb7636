import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findRealSpire, ours, run } from '../support/programs.ts';

const real = findRealSpire();
const NO_REAL = 'SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries';
const uid = process.getuid?.() ?? 0;

describe.each([
  ['our server and agent', ours],
  ['a real server and agent', real],
] as const)('entry create -wait with %s', (_, daemons) => {
  let deployment: Deployment;
  beforeAll(async () => {
    if (daemons === undefined) return;
    deployment = await Deployment.open({ daemons });
    await deployment.startAgent();
  }, 60_000);
  afterAll(async () => {
    await deployment?.[Symbol.asyncDispose]();
  });

  const create = (program: string, name: string, selector: string, ...more: string[]) =>
    run(program, [
      ...['entry', 'create', '-spiffeID', `spiffe://example.org/${name}`, '-parentID', 'spiffe://example.org/host'],
      ...[
        '-selector',
        selector,
        '-socketPath',
        deployment.serverSocket,
        '-workloadSocket',
        deployment.agentSocket,
        ...more,
      ],
    ]);

  it('returns when the Workload API gives the new SPIFFE ID', { timeout: 60_000 }, async ({ skip }) => {
    if (daemons === undefined) return skip(NO_REAL);
    const made = await create(ours.spirekit, 'mine', `unix:uid:${uid}`, '-wait', '40s');
    expect(made.code, made.stderr).toBe(0);
    const fetched = await deployment.agent(['api', 'fetch', 'x509']);
    expect(fetched.stdout).toContain('spiffe://example.org/mine');
    const again = await create(ours.server, 'mine-too', `unix:uid:${uid}`, '-wait', '40s');
    expect(again.code, again.stderr).toBe(0);
    expect((await deployment.agent(['api', 'fetch', 'x509'])).stdout).toContain('spiffe://example.org/mine-too');
  });

  it('exits with 124 when the wait is over, and says what it waited for', { timeout: 60_000 }, async ({ skip }) => {
    if (daemons === undefined) return skip(NO_REAL);
    const made = await create(ours.spirekit, 'theirs', `unix:uid:${uid + 1}`, '-wait', '1s');
    expect(made.code).toBe(124);
    expect(made.stdout).toContain('Entry ID');
    expect(made.stderr).toContain(
      'the entries are made, but 1s were not enough for the Workload API to give this process spiffe://example.org/theirs: ',
    );
  });

  it('refuses what no Workload API shows, before anything is made', async ({ skip }) => {
    if (daemons === undefined) return skip(NO_REAL);
    const node = await create(ours.spirekit, 'nodes', 'a:b', '-node', '-wait', '1s');
    expect(node.code).toBe(2);
    expect(node.stderr).toContain('-wait is for entries of workloads');
    const shown = await deployment.server('entry', 'show', '-spiffeID', 'spiffe://example.org/nodes');
    expect(shown.stdout).toContain('Found 0 entries');
  });
});
