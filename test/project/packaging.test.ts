import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BillOfMaterials, selectParts } from '../../scripts/release/bill-of-materials.ts';
import { callsOf, isKnownCall } from '../support/known-call.ts';
import { findOnPath, ours, projectRoot, run } from '../support/programs.ts';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const analyze = findOnPath('systemd-analyze');
const why = analyze === undefined ? ' (no systemd-analyze here)' : '';

describe.each(['spire-server', 'spire-agent'])('the systemd unit of %s', (name) => {
  const unit = read(`packaging/systemd/${name}.service`);
  let folder: string;
  let file: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'spirekit-units-'));
    file = join(folder, `${name}.service`);
    // systemd wants the programs to be there.
    writeFileSync(file, unit.replaceAll('/usr/local/bin/spire', join(dirname(ours.server), 'spire')));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('starts the program with words and flags that it knows', async () => {
    const calls = unit
      .split('\n')
      .filter((line) => line.startsWith('Exec'))
      .flatMap(callsOf);
    expect(calls.map(({ program, words }) => [program, words[0]])).toEqual([
      [name, 'validate'],
      [name, 'run'],
    ]);
    for (const call of calls) expect(await isKnownCall(call)).toBe(true);
  });

  it.skipIf(analyze === undefined)(`is one that systemd understands${why}`, async () => {
    const verified = await run('systemd-analyze', ['verify', '--man=no', '--generators=no', file]);
    const complaints = verified.stderr.split('\n').filter((line) => line.includes(`${name}.service`));
    expect(complaints).toEqual([]);
  });

  it.skipIf(analyze === undefined)(`leaves little to attack${why}`, async () => {
    const judged = await run('systemd-analyze', ['security', '--offline=yes', '--threshold=50', file]);
    expect(judged.code, judged.stdout).toBe(0);
  });
});

describe('the container file', () => {
  it('copies and runs only what is there', () => {
    const lines = read('packaging/Containerfile').split('\n');
    expect(lines.find((line) => line.startsWith('COPY . .'))).toBeDefined();
    const ignored = read('.containerignore').trim().split('\n');
    expect(ignored).toContain('node_modules');
    expect(ignored).toContain('.git');
    for (const needed of ['package.json', 'package-lock.json', 'scripts/build.ts', 'proto']) {
      expect(existsSync(join(projectRoot, needed))).toBe(true);
      expect(ignored).not.toContain(needed);
    }
  });
});

describe('the bill of materials', () => {
  const everything: BillOfMaterials = {
    metadata: { component: { name: 'folder' } },
    components: [
      { 'bom-ref': 'a@1', name: 'a', version: '1' },
      { 'bom-ref': 'b@1', name: 'b', version: '1' },
      { 'bom-ref': '@s/c@2', group: '@s', name: 'c', version: '2' },
      { 'bom-ref': 'tool@1', name: 'tool', version: '1' },
    ],
    dependencies: [
      { ref: 'spirekit@1', dependsOn: ['a@1', 'tool@1', '@s/c@2'] },
      { ref: 'a@1', dependsOn: ['b@1'] },
      { ref: 'tool@1', dependsOn: ['b@1'] },
      { ref: '@s/c@2' },
    ],
  };
  const installed = { ...everything, components: everything.components.slice(0, 2) };

  it('names what is installed and what is bundled, and no tool of development', () => {
    const bill = selectParts(everything, installed, [{ name: '@s/c', version: '2' }]);
    expect(bill.components.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(bill.dependencies).toEqual([
      { ref: 'spirekit@1', dependsOn: ['a@1', '@s/c@2'] },
      { ref: 'a@1', dependsOn: ['b@1'] },
      { ref: '@s/c@2', dependsOn: [] },
    ]);
  });

  it('is not written when a bundled package is not in the lock file', () => {
    expect(() => selectParts(everything, installed, [{ name: 'd', version: '1' }])).toThrow(
      'd 1 is in the bundles, but not in the lock file',
    );
  });
});
