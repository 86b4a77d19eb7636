import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { ours, run } from '../support/programs.ts';

/** A file for `-data`: entries of SPIFFE IDs with running numbers. */
function writeData(deployment: Deployment, count: number, change: (entry: object, index: number) => object): string {
  const entries = Array.from({ length: count }, (_, index) =>
    change(
      {
        spiffe_id: `spiffe://example.org/ns/${index % 7}/${index}`,
        parent_id: 'spiffe://example.org/host',
        selectors: [{ type: 'unix', value: `uid:${index}` }],
      },
      index,
    ),
  );
  const path = join(deployment.folder, 'entries.json');
  writeFileSync(path, JSON.stringify({ entries }));
  return path;
}

const onSocket = (deployment: Deployment): string[] => ['-socketPath', deployment.serverSocket];

describe('bulk work', { timeout: 180_000 }, () => {
  it('F32: one bad entry of thousands leaves the others created, is named by its place, and a second run adds nothing', async () => {
    await using deployment = await Deployment.open({ logLevel: 'INFO' });
    const data = writeData(deployment, 3000, (entry, index) => (index === 1234 ? { ...entry, selectors: [] } : entry));
    const args = ['entry', 'create', '-data', data, ...onSocket(deployment)];
    const first = await run(ours.spirekit, [...args, '--output', 'pretty']);
    expect(first.code).toBe(8);
    expect(first.stderr).toContain('entries[1234] of the data:\nEntry ID                : (none)\n');
    expect(first.stdout.match(/^Entry ID/gm)).toHaveLength(2999);
    expect((await deployment.server('entry', 'count')).stdout).toBe('2999 registration entries\n');
    const second = await run(ours.server, args);
    expect(second.code).toBe(1);
    expect(second.stdout).toBe('');
    expect(second.stderr.match(/code: AlreadyExists/g)).toHaveLength(2999);
    expect((await deployment.server('entry', 'count')).stdout).toBe('2999 registration entries\n');
  });

  it('F32: goes on after a kill -9 of the server without doubling or losing an entry', async () => {
    await using deployment = await Deployment.open({ logLevel: 'INFO' });
    const data = writeData(deployment, 12_000, (entry) => entry);
    const child = spawn(ours.server, ['entry', 'create', '-data', data, '-output', 'json', ...onSocket(deployment)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const exited = once(child, 'exit');
    // Somewhere in the middle: some parts are stored, some are not.
    while ((await deployment.server('entry', 'count')).stdout === '0 registration entries\n') await sleep(5);
    await deployment.killServer();
    await deployment.startServer();
    expect((await exited)[0]).toBe(0);
    const { results } = JSON.parse(Buffer.concat(output).toString()) as {
      results: { status: { code: number }; entry: { id: string } }[];
    };
    expect(results.filter(({ status }) => status.code === 0)).toHaveLength(12_000);
    const shown = await deployment.server('entry', 'show', '-output', 'json');
    const ids = (JSON.parse(shown.stdout) as { entries: { id: string }[] }).entries.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(results.map(({ entry }) => entry.id).toSorted());
  });

  it('shows a long list to a reader that has enough of it after the first lines', async () => {
    await using deployment = await Deployment.open({ logLevel: 'INFO' });
    const data = writeData(deployment, 3000, (entry) => entry);
    await deployment.server('entry', 'create', '-data', data);
    const shell = `"${ours.server}" entry show -socketPath "${deployment.serverSocket}" | head -n 2`;
    const shown = await run('/bin/sh', ['-c', shell]);
    expect(shown.stdout).toMatch(/^Found 3000 entries\nEntry ID {16}: /);
    expect(shown.stderr).toBe('');
    // Neither does the server mind.
    expect((await deployment.server('entry', 'count')).stdout).toBe('3000 registration entries\n');
  });

  it('updates and deletes what a file names, part by part', async () => {
    await using deployment = await Deployment.open({ logLevel: 'INFO' });
    const withId = (entry: object, index: number) => ({ ...entry, entry_id: `e${index}` });
    const data = writeData(deployment, 2500, withId);
    expect((await deployment.server('entry', 'create', '-data', data)).code).toBe(0);
    writeData(deployment, 2500, (entry, index) => ({ ...withId(entry, index), hint: 'new' }));
    const updated = await deployment.server('entry', 'update', '-data', data);
    expect(updated.code).toBe(0);
    expect(updated.stdout.match(/^Hint {20}: new$/gm)).toHaveLength(2500);
    const file = join(deployment.folder, 'ids.json');
    writeFileSync(
      file,
      JSON.stringify({ ids: [...Array.from({ length: 2500 }, (_, index) => `e${index}`), 'absent'] }),
    );
    const deleted = await run(ours.spirekit, ['entry', 'delete', '-file', file, ...onSocket(deployment)]);
    expect(deleted.code).toBe(8);
    expect(deleted.stderr).toContain(
      'Failed to delete entry with ID absent (code: NotFound, msg: "entry not found"), ids[2500]',
    );
    expect((await deployment.server('entry', 'count')).stdout).toBe('0 registration entries\n');
  });
});
