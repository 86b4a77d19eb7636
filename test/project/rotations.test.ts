import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ReaderProcess } from '../../scripts/proofs/rotations/reader-process.ts';
import type { Sighting } from '../../scripts/proofs/rotations/sighting.ts';
import {
  type ExpectedFiles,
  expectedFiles,
  issueVersions,
  MODES,
  OWNER,
} from '../../scripts/proofs/rotations/versions.ts';
import type { IdentityFile } from '../../src/lib/svidfiles/identity-file.ts';
import { identityFiles } from '../../src/lib/svidfiles/identity-files.ts';
import { IdentityFolder } from '../../src/lib/svidfiles/identity-folder.ts';
import { parseX509Context } from '../../src/lib/workloadapi/x509-context.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { plan } from '../unit/svidfiles/identity.ts';

let folder: string;
let expected: ExpectedFiles;
let versions: (readonly IdentityFile[])[];

beforeAll(async () => {
  const responses = await issueVersions(2);
  expected = await expectedFiles('helper', responses);
  versions = await Promise.all(
    responses.map((response) =>
      identityFiles({ x509: parseX509Context(response) }, plan('helper', MODES), { nowMs: Date.now() }),
    ),
  );
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spirekit-rotations-'));
  await using opened = await IdentityFolder.open(folder, { clock: new ManualClock(), owner: OWNER });
  await opened.write(versions[0] ?? []);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Changes a file that lies where the name leads. */
function harm(name: string, change: (path: string) => void): void {
  change(realpathSync(join(folder, name)));
}

function dataOf(version: number, name: string): string | Uint8Array {
  return versions[version]?.find((file) => file.name === name)?.data ?? '';
}

async function look(): Promise<Sighting> {
  using reader = await ReaderProcess.start(folder, expected);
  return await reader.end();
}

describe('F20: the process that looks for mixed files', () => {
  it('finds nothing wrong with an identity that is whole', async () => {
    const { looks, mismatches, wrongModes, naiveMixed, versions: seen, problems } = await look();
    expect(looks).toBeGreaterThan(0);
    expect([mismatches, wrongModes, naiveMixed, seen, problems]).toEqual([0, 0, 0, 1, []]);
  });

  it.each([
    ['svid_key.pem', 'the key is of another certificate'],
    ['svid_bundle.pem', 'the certificate is of another bundle'],
  ])('sees that %s is of another version', async (name, problem) => {
    harm(name, (path) => {
      chmodSync(path, 0o600);
      writeFileSync(path, dataOf(1, name));
      chmodSync(path, name === 'svid_key.pem' ? 0o400 : 0o444);
    });
    const { looks, mismatches, naiveMixed, naiveLooks, problems } = await look();
    expect(mismatches).toBeGreaterThanOrEqual(looks);
    expect(naiveMixed).toBe(naiveLooks);
    expect(problems.join()).toMatch(new RegExp(`files of versions .*(?:${problem}|key values mismatch)`));
  });

  it('sees a key that others may read', async () => {
    harm('svid_key.pem', (path) => chmodSync(path, 0o440));
    const { wrongModes, problems } = await look();
    expect(wrongModes).toBeGreaterThan(0);
    expect(problems).toEqual(['svid_key.pem has mode 440']);
  });
});
