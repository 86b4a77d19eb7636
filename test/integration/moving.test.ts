import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ForeignAuthority } from '../support/authorization/foreign-authority.ts';
import { Deployment } from '../support/deployment.ts';
import { type Finished, findRealSpire, ours, type Programs, run } from '../support/programs.ts';

const real = findRealSpire();
const NO_REAL = 'SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries';

/** What every source holds: two bundles, a relationship, entries of all kinds. */
const ENTRIES = {
  entries: [
    {
      entry_id: 'web',
      spiffe_id: 'spiffe://example.org/web',
      parent_id: 'spiffe://example.org/host',
      selectors: [
        { type: 'unix', value: 'uid:1' },
        { type: 'unix', value: 'gid:2' },
      ],
      federates_with: ['far.example'],
      dns_names: ['b.example.org', 'a.example.org'],
      x509_svid_ttl: 60,
      jwt_svid_ttl: 30,
      hint: 'h',
    },
    {
      spiffe_id: 'spiffe://example.org/admin',
      parent_id: 'spiffe://example.org/spire/server',
      selectors: [{ type: 'a', value: 'b:c' }],
      admin: true,
      downstream: true,
      entryExpiry: 4_000_000_000,
    },
    {
      spiffe_id: 'spiffe://example.org/old',
      parent_id: 'spiffe://example.org/spire/agent/join_token/abc',
      selectors: [{ type: 'a', value: 'd' }],
      store_svid: false,
      additional_attributes: { disable_x509_svid_prefetch: true, jwt_svid_include_jti: true },
    },
  ],
};

describe('server import and server export', () => {
  it.for([
    ['from ours to ours', ours, ours],
    ['from a real server to ours', real, ours],
    ['from ours to a real server', ours, real],
  ] as const)('bring all %s', { timeout: 120_000 }, async ([, fromDaemons, toDaemons], { skip }) => {
    if (fromDaemons === undefined || toDaemons === undefined) return skip(NO_REAL);
    await using source = await openFilled(fromDaemons);
    await using target = await Deployment.open({ daemons: toDaemons });
    const there = ['server', 'import', '-fromSocketPath', source.serverSocket, '-socketPath', target.serverSocket];
    const rehearsed = await run(ours.spirekit, [...there, '-dryRun']);
    expect(rehearsed).toEqual({
      code: 0,
      stderr: '',
      stdout: `Trust domain example.org, nothing was changed (-dryRun)
Bundles                  : 2 would be created
Federation relationships : 1 would be created
Entries                  : 3 would be created
Not moved: signing keys and the bundle of the trust domain, agents, join tokens; agents attest anew.
1 entry has an agent as parent that attested by a join token: with another token it is another agent, so give it another parent.
`,
    });
    expect((await target.server('entry', 'count')).stdout).toBe('0 registration entries\n');
    const moved = await run(ours.spirekit, [...there, '-output', 'json']);
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(moved.stdout)).toMatchObject({
      bundles: { created: 2, same: 0 },
      federation_relationships: { created: 1, same: 0 },
      entries: { created: 3, same: 0 },
      problems: [],
    });
    expect(await contentsOf(target)).toEqual(await contentsOf(source));
    const again = await run(ours.spirekit, [...there, '-output', 'json']);
    expect(JSON.parse(again.stdout)).toMatchObject({
      bundles: { same: 2 },
      federation_relationships: { same: 1 },
      entries: { same: 3 },
    });
    const back = await run(ours.spirekit, [
      'server',
      'export',
      '-socketPath',
      target.serverSocket,
      '-toSocketPath',
      source.serverSocket,
    ]);
    expect(back.stdout).toContain('Entries                  : 3 there already\n');
  });

  it('go on where a run stopped, and leave alone what differs', { timeout: 60_000 }, async () => {
    await using source = await openFilled(ours);
    await using target = await Deployment.open();
    const file = join(source.folder, 'export.json');
    const exported = await run(ours.spirekit, [
      'server',
      'export',
      '-socketPath',
      source.serverSocket,
      '-toFile',
      file,
    ]);
    expect(exported.stderr).toContain('Wrote 2 bundles, 1 federation relationships and 3 entries of example.org.');
    const web = ['-spiffeID', 'spiffe://example.org/web', '-parentID', 'spiffe://example.org/host'];
    const selectors = ['-selector', 'unix:gid:2', '-selector', 'unix:uid:1'];
    await succeed(target.server('entry', 'create', ...web, ...selectors, '-x509SVIDTTL', '61'));
    const imported = await run(ours.spirekit, [
      'server',
      'import',
      '-fromFile',
      file,
      '-socketPath',
      target.serverSocket,
    ]);
    expect(imported.code).toBe(8);
    expect(imported.stdout).toContain('Entries                  : 2 created, 1 left alone because they differ\n');
    expect(imported.stdout).toContain(
      'Differs: entry web (spiffe://example.org/web): the target has another X509-SVID TTL, JWT-SVID TTL, set of federated trust domains, list of DNS names, hint\n',
    );
    expect((await target.server('entry', 'show', '-spiffeID', 'spiffe://example.org/web')).stdout).toContain(': 61');
  });

  it('say which entries a server refuses, and why', { timeout: 60_000 }, async () => {
    await using target = await Deployment.open();
    const contents = {
      trust_domain: 'example.org',
      entries: [
        {
          entry_id: 'good',
          spiffe_id: 'spiffe://example.org/a',
          parent_id: 'spiffe://example.org/h',
          selectors: [{ type: 'a', value: 'b' }],
        },
        {
          entry_id: 'bad',
          spiffe_id: 'spiffe://example.org/b',
          parent_id: 'spiffe://example.org/h',
          selectors: [{ type: 'a', value: 'b' }],
          federates_with: ['absent.example'],
        },
      ],
    };
    const imported = await run(
      ours.spirekit,
      ['server', 'import', '-fromFile', '-', '-socketPath', target.serverSocket],
      { stdin: JSON.stringify(contents) },
    );
    expect(imported.code).toBe(8);
    expect(imported.stdout).toContain('Entries                  : 1 created, 1 refused\n');
    expect(imported.stdout).toContain('Refused: entry bad (spiffe://example.org/b): ');
    expect(imported.stdout).toContain('unable to find federated bundle "spiffe://absent.example"');
  });

  it('refuse a server of another trust domain, and what is no export', { timeout: 60_000 }, async () => {
    await using source = await Deployment.open({ trustDomain: 'far.example' });
    await using target = await Deployment.open();
    const there = ['-socketPath', target.serverSocket];
    const other = await run(ours.spirekit, ['server', 'import', '-fromSocketPath', source.serverSocket, ...there]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('the source is of trust domain far.example and the target of example.org');
    const none = await run(ours.spirekit, ['server', 'import', '-fromFile', '-', ...there], {
      stdin: '{"entries": []}',
    });
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('no trust_domain: this is no file that `server export` wrote');
  });

  it('work over the network on both sides', { timeout: 60_000 }, async () => {
    await using source = await openFilled(ours);
    await using target = await Deployment.open();
    for (const server of [source, target]) await makeAdmin(server);
    const remote = (prefix: string, server: Deployment): string[] => [
      ...[`-${prefix}erverAddr`, `127.0.0.1:${server.port}`],
      ...[prefix === 's' ? '-callerSVID' : '-fromCallerSVID', join(server.folder, 'admin')],
    ];
    const moved = await run(ours.spirekit, ['server', 'import', ...remote('s', target), ...remote('fromS', source)]);
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(moved.stdout).toContain('3 created');
  });

  it('keep 3,000 entries under their IDs, in several calls', { timeout: 120_000 }, async () => {
    await using source = await Deployment.open();
    await using target = await Deployment.open();
    const entries = Array.from({ length: 3_000 }, (_, index) => ({
      entry_id: `entry-${index}`,
      spiffe_id: `spiffe://example.org/w/${index}`,
      parent_id: 'spiffe://example.org/host',
      selectors: [{ type: 'k', value: `v${index}` }],
    }));
    writeFileSync(join(source.folder, 'many.json'), JSON.stringify({ entries }));
    await succeed(source.server('entry', 'create', '-data', join(source.folder, 'many.json')));
    const there = ['server', 'export', '-socketPath', source.serverSocket, '-toSocketPath', target.serverSocket];
    expect((await run(ours.spirekit, there)).stdout).toContain('3000 created');
    expect(await contentsOf(target)).toEqual(await contentsOf(source));
  });

  it('write a file that SPIRE itself reads', { timeout: 60_000 }, async ({ skip }) => {
    if (real === undefined) return skip(NO_REAL);
    await using source = await openFilled(ours);
    await using target = await Deployment.open({ daemons: real, clients: real });
    const file = join(source.folder, 'export.json');
    await run(ours.spirekit, ['server', 'export', '-socketPath', source.serverSocket, '-toFile', file]);
    const foreign = join(source.folder, 'far.example.pem');
    await succeed(target.server('bundle', 'set', '-id', 'spiffe://far.example', '-path', foreign));
    await succeed(target.server('entry', 'create', '-data', file));
    await succeed(target.server('federation', 'create', '-data', file));
    const [left, right] = [await contentsOf(source), await contentsOf(target)];
    expect(JSON.parse(right).entries).toEqual(JSON.parse(left).entries);
    expect(JSON.parse(right).federationRelationships).toEqual(JSON.parse(left).federationRelationships);
  });
});

async function openFilled(daemons: Programs): Promise<Deployment> {
  const deployment = await Deployment.open({ daemons });
  for (const trustDomain of ['far.example', 'near.example']) {
    const path = join(deployment.folder, `${trustDomain}.pem`);
    writeFileSync(path, (await ForeignAuthority.make(trustDomain)).pem);
    await succeed(deployment.server('bundle', 'set', '-id', `spiffe://${trustDomain}`, '-path', path));
  }
  const endpoint = ['-bundleEndpointURL', 'https://far.example/bundle', '-bundleEndpointProfile', 'https_spiffe'];
  const id = ['-endpointSpiffeID', 'spiffe://far.example/spire/server'];
  await succeed(deployment.server('federation', 'create', '-trustDomain', 'far.example', ...endpoint, ...id));
  const data = join(deployment.folder, 'entries.json');
  writeFileSync(data, JSON.stringify(ENTRIES));
  await succeed(deployment.server('entry', 'create', '-data', data));
  return deployment;
}

async function makeAdmin(deployment: Deployment): Promise<void> {
  const folder = join(deployment.folder, 'admin');
  await run('mkdir', [folder]);
  const id = ['-spiffeID', 'spiffe://example.org/admin'];
  await succeed(deployment.server('x509', 'mint', ...id, '-write', folder));
  const selectors = ['-node', '-selector', 'test:admin', '-admin'];
  await deployment.server('entry', 'create', ...id, ...selectors);
}

/** As `server export` writes it, which leaves out what each server counts for itself; entries by their IDs. */
async function contentsOf(deployment: Deployment): Promise<string> {
  const file = join(deployment.folder, 'contents.json');
  const exported = await run(ours.spirekit, [
    'server',
    'export',
    '-socketPath',
    deployment.serverSocket,
    '-toFile',
    file,
  ]);
  expect(exported.code, exported.stderr).toBe(0);
  const contents = JSON.parse(readFileSync(file, 'utf8'));
  for (const { bundle } of contents.bundles) delete bundle.spiffe_sequence;
  for (const entry of contents.entries)
    entry.selectors.sort((a: { value: string }, b: { value: string }) => (a.value < b.value ? -1 : 1));
  contents.entries.sort((a: { entry_id: string }, b: { entry_id: string }) => (a.entry_id < b.entry_id ? -1 : 1));
  return JSON.stringify(contents);
}

async function succeed(running: Promise<Finished>): Promise<void> {
  const done = await running;
  expect(done.code, done.stdout + done.stderr).toBe(0);
}
