import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { type Finished, findRealSpire, ours, run } from '../support/programs.ts';
import { SmallDisk, whyNoMounts } from '../support/small-disk.ts';

const real = findRealSpire();
const obstacle = await whyNoMounts();
const NO_REAL = 'SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries';

describe.each([
  ['our server', ours],
  ['a real server', real],
] as const)('entries as code on %s', (_, daemons) => {
  let deployment: Deployment;
  beforeAll(async () => {
    if (daemons !== undefined) deployment = await Deployment.open({ daemons });
  });
  afterAll(async () => {
    await deployment?.[Symbol.asyncDispose]();
  });

  const spirekit = (...args: string[]): Promise<Finished> =>
    run(ours.spirekit, [...args, '--socket-path', deployment.serverSocket], { cwd: deployment.folder });
  const write = (name: string, text: string): void => writeFileSync(join(deployment.folder, name), text);
  const entry = (name: string, more = ''): string =>
    `- spiffe_id: spiffe://example.org/${name}\n  parent_id: spiffe://example.org/host\n  selectors: [unix:uid:1, "unix:path:/bin/${name}"]\n${more}`;

  it('goes from files to the server, back by undo, and out by export', async ({ skip }) => {
    if (daemons === undefined) return skip(NO_REAL);
    const foreign = await deployment.createEntry('/foreign', ['unix:uid:9'], '-entryID', 'other.1');
    write('a.yaml', entry('web') + entry('db', '  dns_names: [b, a]\n  hint: h\n'));
    const owned = ['-f', 'a.yaml', '--owner', 'team.', '--prune'];
    const first = await spirekit('entry', 'plan', ...owned);
    expect(first).toMatchObject({ code: 10, stderr: '' });
    expect(first.stdout).toContain('Entries: + 2 to add, ~ 0 to change, - 0 to remove, = 0 the same\n');
    expect(await spirekit('entry', 'apply', ...owned)).toMatchObject({ code: 0, stderr: '' });
    expect((await spirekit('entry', 'plan', ...owned)).code).toBe(0);
    const before = await spirekit('entry', 'export');

    // Changing and removing wants a yes, and nothing is changed without.
    write('a.yaml', entry('web', '  x509_svid_ttl: 60\n') + entry('new'));
    const refused = await spirekit('entry', 'apply', ...owned, '--undo-file', 'undo.json');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('there is no terminal to ask on: say --yes to go ahead');
    expect(readdirSync(deployment.folder)).not.toContain('undo.json');
    const applied = await spirekit('entry', 'apply', ...owned, '--undo-file', 'undo.json', '--yes', '--output', 'json');
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(applied.stdout)).toMatchObject({
      schema: 'entry-apply/v1',
      done: { add: 1, change: 1, remove: 1 },
      refused: [],
      blast_radius: {
        identities: expect.arrayContaining([
          expect.objectContaining({ effect: 'loses', spiffe_id: 'spiffe://example.org/db' }),
        ]),
      },
    });
    expect(statSync(join(deployment.folder, 'undo.json')).mode & 0o777).toBe(0o600);

    // A file that is there may be the only way back.
    write('a.yaml', entry('web'));
    const taken = await spirekit('entry', 'apply', ...owned, '--undo-file', 'undo.json', '--yes');
    expect(taken.code).toBe(7);
    expect(taken.stderr).toContain('open undo.json: file exists');

    expect(await spirekit('entry', 'undo', 'undo.json', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect((await spirekit('entry', 'export')).stdout).toBe(before.stdout);
    expect((await spirekit('entry', 'undo', 'undo.json', '--dry-run')).code).toBe(0);

    for (const format of ['json', 'yaml', 'cluster-static-entry']) {
      const ending = format === 'json' ? 'json' : 'yaml';
      const exported = await spirekit('entry', 'export', '--format', format, '--to-file', `all.${ending}`);
      expect(exported).toMatchObject({ code: 0, stderr: 'Wrote 3 entries to 1 file.\n' });
      expect((await spirekit('entry', 'plan', '-f', `all.${ending}`)).code).toBe(0);
      mkdirSync(join(deployment.folder, format));
      await spirekit('entry', 'export', '--format', format, '--output-dir', format);
      expect(readdirSync(join(deployment.folder, format))).toEqual([`host.${ending}`]);
      expect((await spirekit('entry', 'plan', '-f', format)).code).toBe(0);
    }
    expect((await deployment.server('entry', 'show', '-entryID', foreign)).code).toBe(0);
  });

  it('tells file and line of what the server refuses, and does the rest', async ({ skip }) => {
    if (daemons === undefined) return skip(NO_REAL);
    write('bad.yaml', entry('good') + entry('bad', '  federates_with: [absent.example]\n'));
    const applied = await spirekit('entry', 'apply', '-f', 'bad.yaml');
    expect(applied.code).toBe(8);
    expect(applied.stdout).toContain('Done: 1 added');
    expect(applied.stderr).toContain('bad.yaml:4:3: cannot add spiffe://example.org/bad (entry ');
    expect(applied.stderr).toContain('absent.example');
    expect((await spirekit('entry', 'plan', '-f', 'bad.yaml')).stdout).toContain(
      '+ 1 to add, ~ 0 to change, - 0 to remove, = 1 the same',
    );
  });

  it('leaves entries of another owner alone, and says so', async ({ skip }) => {
    if (daemons === undefined) return skip(NO_REAL);
    await deployment.createEntry('/theirs', ['unix:uid:7'], '-entryID', 'theirs.1', '-hint', 'old');
    write(
      'c.json',
      JSON.stringify({
        entries: [
          {
            spiffe_id: 'spiffe://example.org/theirs',
            parent_id: 'spiffe://example.org/host',
            selectors: [{ type: 'unix', value: 'uid:7' }],
          },
        ],
      }),
    );
    const planned = await spirekit('entry', 'plan', '-f', 'c.json', '--owner', 'mine.', '--prune');
    expect(planned.code).toBe(8);
    expect(planned.stdout).toContain(
      "! spiffe://example.org/theirs  entry theirs.1  c.json:1:13 is another owner's and stays as it is\n    hint: old -> (none)\n",
    );
    expect((await spirekit('entry', 'apply', '-f', 'c.json', '--owner', 'mine.', '--prune', '--yes')).code).toBe(8);
    expect((await deployment.server('entry', 'show', '-entryID', 'theirs.1')).stdout).toContain(
      'Hint                    : old',
    );
  });

  it('keeps what update and delete of the drop-in change, for undo', async ({ skip }) => {
    if (daemons === undefined) return skip(NO_REAL);
    const id = await deployment.createEntry(
      '/kept',
      ['unix:uid:3'],
      '-entryID',
      'kept',
      '-dns',
      'a.example',
      '-hint',
      'h',
    );
    const before = await spirekit('entry', 'export', '--spiffe-id', 'spiffe://example.org/kept');
    const undo = (name: string): string => join(deployment.folder, name);
    const socket = ['-socketPath', deployment.serverSocket];
    const ids = [
      '-spiffeID',
      'spiffe://example.org/kept',
      '-parentID',
      'spiffe://example.org/host',
      '-selector',
      'unix:uid:4',
    ];
    const updated = await run(ours.server, [
      'entry',
      'update',
      '-entryID',
      id,
      ...ids,
      '-undoFile',
      undo('u1'),
      ...socket,
    ]);
    expect(updated.code, updated.stderr).toBe(0);
    const deleted = await run(ours.server, ['entry', 'delete', '-entryID', id, '-undoFile', undo('u2'), ...socket]);
    expect(deleted.code, deleted.stderr).toBe(0);
    expect(JSON.parse(readFileSync(undo('u1'), 'utf8')).entries[0].hint).toBe('h');
    expect((await spirekit('entry', 'undo', 'u2', '--yes')).code).toBe(0);
    expect((await spirekit('entry', 'undo', 'u1', '--yes')).code).toBe(0);
    expect((await spirekit('entry', 'export', '--spiffe-id', 'spiffe://example.org/kept')).stdout).toBe(before.stdout);
  });
});

describe('the undo file', () => {
  it(`F17: that does not fit on a full disk keeps everything as it is${obstacle === undefined ? '' : ` (${obstacle})`}`, async ({
    skip,
  }) => {
    if (obstacle !== undefined) return skip(obstacle);
    await using deployment = await Deployment.open();
    await using disk = await SmallDisk.mount(64);
    const id = await deployment.createEntry('/kept', ['unix:uid:3'], '-entryID', 'kept');
    disk.fill();
    const undo = join(disk.path, 'undo.json');
    const deleted = await deployment.server('entry', 'delete', '-entryID', id, '-undoFile', undo);
    expect(deleted.code).toBe(1);
    expect(deleted.stderr).toContain('no space left on device');
    expect((await deployment.server('entry', 'show', '-entryID', id)).code).toBe(0);
    const files = join(deployment.folder, 'x.yaml');
    writeFileSync(files, 'entries: []\n');
    const options = ['--owner', 'kept-', '--prune', '--yes', '--undo-file', undo];
    await deployment.createEntry('/own', ['unix:uid:4'], '-entryID', 'kept-1');
    const socket = ['--socket-path', deployment.serverSocket];
    const applied = await run(ours.spirekit, ['entry', 'apply', '-f', files, ...options, ...socket]);
    expect(applied.code).toBe(1);
    expect((await deployment.server('entry', 'show', '-entryID', 'kept-1')).code).toBe(0);
    expect(readdirSync(disk.path).filter((name) => name.includes('undo'))).toEqual([]);
  });
});
