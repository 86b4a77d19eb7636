import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import EntryCount from '../../../src/commands/entry/count.ts';
import EntryCreate from '../../../src/commands/entry/create.ts';
import EntryDelete from '../../../src/commands/entry/delete.ts';
import EntryShow from '../../../src/commands/entry/show.ts';
import EntryUpdate from '../../../src/commands/entry/update.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { EntryDefinition, type ListEntriesRequest } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { CommandHarness } from './command-harness.ts';

const stored = new Map<string, Entry>();
let listed: ListEntriesRequest[] = [];
let fetched: string[] = [];
let harness: CommandHarness;

const OK = { code: RpcCode.ok, message: 'OK' };
const EXISTS = { code: RpcCode.alreadyExists, message: 'similar entry already exists' };
const MISSING = { code: RpcCode.notFound, message: 'entry not found' };

beforeAll(async () => {
  harness = await CommandHarness.open((add) => {
    add(EntryDefinition, {
      async batchCreateEntry({ entries }) {
        const results = entries.map((entry) => {
          if (stored.has(entry.id)) return { status: EXISTS, entry: undefined };
          stored.set(entry.id, entry);
          return { status: OK, entry };
        });
        return { results };
      },
      async batchUpdateEntry({ entries }) {
        const results = entries.map((entry) => {
          if (!stored.has(entry.id)) return { status: MISSING, entry: undefined };
          stored.set(entry.id, entry);
          return { status: OK, entry };
        });
        return { results };
      },
      async batchDeleteEntry({ ids }) {
        return { results: ids.map((id) => ({ id, status: stored.delete(id) ? OK : MISSING })) };
      },
      async getEntry({ id }) {
        fetched.push(id);
        const entry = stored.get(id);
        if (entry === undefined) throw new RpcError(RpcCode.notFound, 'entry not found');
        return entry;
      },
      async listEntries(request) {
        listed.push(request);
        return { entries: [...stored.values()].reverse(), nextPageToken: '' };
      },
      async countEntries() {
        return { count: stored.size };
      },
    });
  });
});
afterAll(() => harness[Symbol.asyncDispose]());

const host = { trustDomain: 'example.org', path: '/host' };
const flagsOf = (name: string) => [
  ...['-spiffeID', `spiffe://example.org/${name}`, '-parentID', 'spiffe://example.org/host', '-selector', 'a:b'],
  ...['-entryID', name],
];
const dataOf = (...names: string[]) =>
  JSON.stringify({
    entries: names.map((name) => ({
      entry_id: name,
      spiffe_id: `spiffe://example.org/${name}`,
      parent_id: 'spiffe://example.org/host',
      selectors: [{ type: 'a', value: 'b' }],
    })),
  });

function store(...ids: string[]): void {
  stored.clear();
  for (const id of ids) {
    stored.set(id, Entry.create({ id, spiffeId: { trustDomain: 'example.org', path: `/${id}` }, parentId: host }));
  }
  listed = [];
  fetched = [];
}

describe('entry create', () => {
  it('creates the entry of its flags', async () => {
    store();
    const { code, stdout, stderr } = await harness.run('spire-server', EntryCreate, flagsOf('web'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Entry ID                : web\nSPIFFE ID               : spiffe://example.org/web\n');
    expect(stored.get('web')?.selectors).toEqual([{ type: 'a', value: 'b' }]);
  });

  it('creates the entries of a file on stdin, and shows the refused ones with the reason', async () => {
    store('b');
    const outcome = await harness.run('spire-server', EntryCreate, ['-data', '-'], { stdin: dataOf('a', 'b') });
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toMatch(/^Entry ID {16}: a\n/);
    expect(outcome.stderr).toMatch(
      /^Failed to create the following entry \(code: AlreadyExists, msg: "similar entry already exists"\):\nEntry ID {16}: b\n/,
    );
    expect(outcome.stderr).toMatch(/\nError: failed to create one or more entries\n$/);
  });

  it('leaves refusals to the JSON on the drop-in, with the entries of the request', async () => {
    store('b');
    const argv = ['-data', '-', '-output', 'json'];
    const { code, stdout, stderr } = await harness.run('spire-server', EntryCreate, argv, { stdin: dataOf('b') });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ results: [{ status: { code: 6 }, entry: { id: 'b' } }] });
  });

  it('tells by its exit code on the umbrella what became of the batch', async () => {
    store('b');
    expect((await harness.run('spirekit', EntryCreate, ['--data', '-'], { stdin: dataOf('b') })).code).toBe(7);
    expect((await harness.run('spirekit', EntryCreate, ['--data', '-'], { stdin: dataOf('a', 'b') })).code).toBe(8);
    const json = await harness.run('spirekit', EntryCreate, ['--data', '-', '--output', 'json'], {
      stdin: dataOf('b'),
    });
    expect(json.code).toBe(7);
    expect(JSON.parse(json.stdout)).toMatchObject({ results: [{ status: { code: 6 } }] });
  });

  it('does not call the server with flags or a file that it refuses', async () => {
    store();
    const noFlags = await harness.run('spire-server', EntryCreate, []);
    expect(noFlags).toEqual({ code: 1, stdout: '', stderr: 'Error: at least one selector is required\n' });
    const broken = await harness.run('spire-server', EntryCreate, ['-data', '-'], { stdin: '{"entries": [\n' });
    expect(broken).toEqual({ code: 1, stdout: '', stderr: 'Error: unexpected end of JSON input\n' });
    const missing = await harness.run('spire-server', EntryCreate, ['-data', `${harness.folder}/missing`]);
    expect(missing.stderr).toBe(`Error: open ${harness.folder}/missing: no such file or directory\n`);
    expect(stored.size).toBe(0);
  });
});

describe('entry update', () => {
  it('replaces the entry without looking at the old one', async () => {
    store('web');
    const { code } = await harness.run('spire-server', EntryUpdate, [...flagsOf('web'), '-hint', 'new']);
    expect(code).toBe(0);
    expect(stored.get('web')?.hint).toBe('new');
    expect(fetched).toEqual([]);
  });

  it('keeps the attribute that no flag sets', async () => {
    store();
    stored.set('web', Entry.create({ id: 'web', additionalAttributes: { disableX509SvidPrefetch: true } }));
    await harness.run('spire-server', EntryUpdate, [...flagsOf('web'), '-jwtSVIDIncludeJTI']);
    const both = { disableX509SvidPrefetch: true, jwtSvidIncludeJti: true };
    expect(stored.get('web')?.additionalAttributes).toEqual(both);
  });

  it('says what it wanted the old entry for when there is none', async () => {
    store();
    const { stderr } = await harness.run('spire-server', EntryUpdate, [...flagsOf('web'), '-jwtSVIDIncludeJTI']);
    expect(stderr).toBe(
      'Error: failed to fetch existing entry to merge additional attributes: rpc error: code = NotFound desc = entry not found\n',
    );
  });

  it('shows the entry that is not there, and ends with the code for that on the umbrella', async () => {
    store();
    const { code, stderr } = await harness.run('spirekit', EntryUpdate, flagsOf('web'));
    expect(code).toBe(6);
    expect(stderr).toContain('Failed to update the following entry (code: NotFound, msg: "entry not found"):\n');
  });
});

describe('entry delete', () => {
  it('deletes the IDs of a file and counts', async () => {
    store('a', 'b');
    const argv = ['-file', '-'];
    const outcome = await harness.run('spire-server', EntryDelete, argv, { stdin: '{"ids": ["a", "b", "c"]}' });
    expect(outcome).toEqual({
      code: 1,
      stdout:
        'Deleted entry with ID: a\nDeleted entry with ID: b\n\n\n\n\n' +
        'Deleted 2 entries successfully, but failed to delete 1 entries',
      stderr:
        'Failed to delete entry with ID c (code: NotFound, msg: "entry not found")\n' +
        'Error: failed to delete one or more entries\n',
    });
  });

  it('wants an ID', async () => {
    expect((await harness.run('spire-server', EntryDelete, [])).stderr).toBe('Error: an entry ID is required\n');
    expect((await harness.run('spirekit', EntryDelete, [])).code).toBe(2);
  });
});

describe('entry show', () => {
  it('sorts what the server sent', async () => {
    store('a', 'b');
    const { stdout } = await harness.run('spire-server', EntryShow, []);
    expect(stdout.match(/^(Found|Entry ID).*$/gm)).toEqual([
      'Found 2 entries',
      'Entry ID                : a',
      'Entry ID                : b',
    ]);
    expect(listed.map(({ pageSize, filter }) => [pageSize, filter?.byDownstream])).toEqual([[500, false]]);
  });

  it('looks up a single entry by its ID, and no other flag with it', async () => {
    store('a', 'b');
    expect((await harness.run('spire-server', EntryShow, ['-entryID', 'b'])).stdout).toMatch(/^Found 1 entry\n/);
    expect([fetched, listed]).toEqual([['b'], []]);
    const both = await harness.run('spire-server', EntryShow, ['-entryID', 'b', '-selector', 'a:b']);
    expect(both.stderr).toBe("Error: the -entryID flag can't be combined with others\n");
  });

  it('is a table on the umbrella, a line an entry in jsonl, and a sentence where there is nothing', async () => {
    store('a', 'b');
    const table = await harness.run('spirekit', EntryShow, []);
    expect(table.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['Entry', 'a', 'b', '']);
    const lines = await harness.run('spirekit', EntryShow, ['--output', 'jsonl']);
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['a', 'b']);
    store();
    expect((await harness.run('spirekit', EntryShow, [])).stdout).toBe('Found 0 entries\n');
  });

  it('says on the drop-in what Go says of a server that is not there', async () => {
    const path = `${harness.folder}/absent.sock`;
    const { code, stderr } = await harness.run('spire-server', EntryShow, ['-socketPath', path]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Error: error fetching entries: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix //${path}: connect: no such file or directory"\n`,
    );
    expect((await harness.run('spirekit', EntryShow, ['-socketPath', path])).code).toBe(3);
  });
});

describe('entry count', () => {
  it('counts', async () => {
    store('a');
    expect((await harness.run('spire-server', EntryCount, [])).stdout).toBe('1 registration entry\n');
    expect((await harness.run('spire-server', EntryCount, ['-output', 'json'])).stdout).toBe('{"count":1}\n');
  });
});
