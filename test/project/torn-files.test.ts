import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReaderProcess } from '../../scripts/proofs/torn-files/reader-process.ts';
import type { Sighting } from '../../scripts/proofs/torn-files/sighting.ts';
import {
  issueWrittenIdentity,
  WRITTEN_FILES,
  type WrittenFile,
  type WrittenIdentity,
} from '../../scripts/proofs/written-identity.ts';

let folder: string;
let identity: WrittenIdentity;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spirekit-reader-'));
  identity = await issueWrittenIdentity(1);
  for (const [name, mode] of Object.entries(WRITTEN_FILES)) write(name, identity.files[name as WrittenFile], mode);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string, mode: number): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
}

async function look(): Promise<Sighting> {
  using reader = await ReaderProcess.start(folder);
  return await reader.end();
}

describe('the process that looks for torn files', () => {
  it('finds nothing wrong with an identity that is whole', async () => {
    const { looks, unpairedLooks, problems } = await look();
    expect(looks).toBeGreaterThan(0);
    expect([unpairedLooks, problems]).toEqual([0, []]);
  });

  it.each(Object.keys(WRITTEN_FILES) as WrittenFile[])('sees that %s is torn', async (name) => {
    const text = identity.files[name];
    // An old certificate with the end of a longer one behind it is torn too; keys and bundles are cut.
    const torn = name === 'svid.0.pem' ? `${text}${text.slice(100)}` : text.slice(0, -40);
    write(name, torn, WRITTEN_FILES[name]);
    expect((await look()).problems).toEqual([expect.stringContaining(`${name} was torn`)]);
  });

  it('sees a key that others may read, in its place and on the way there', async () => {
    chmodSync(join(folder, 'svid.0.key'), 0o640);
    write('.svid.0.key.0123456789abcdef.tmp', '', 0o644);
    expect((await look()).problems).toEqual([
      'svid.0.key had mode 640',
      '.svid.0.key.0123456789abcdef.tmp had mode 644',
    ]);
  });

  it('counts the looks at which the key belongs to another certificate', async () => {
    write('svid.0.key', (await issueWrittenIdentity(0)).files['svid.0.key'], 0o600);
    const { looks, unpairedLooks, unpairedRotations, problems } = await look();
    expect([unpairedLooks, unpairedRotations, problems]).toEqual([looks, 1, []]);
  });
});
