import { mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkDropIns } from '../../../src/lib/cli/drop-in-links.ts';
import { ours } from '../../support/programs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'links-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('linkDropIns', () => {
  it('links both drop-ins, and says so when they are there already', async () => {
    expect((await linkDropIns(folder)).map(({ isNew }) => isNew)).toEqual([true, true]);
    expect(readlinkSync(join(folder, 'spire-agent'))).toBe(ours.agent);
    expect(readlinkSync(join(folder, 'spire-server'))).toBe(ours.server);
    expect((await linkDropIns(folder)).map(({ isNew }) => isNew)).toEqual([false, false]);
  });

  it('never replaces what is there: a program, or a link to another', async () => {
    writeFileSync(join(folder, 'spire-server'), 'real');
    await expect(linkDropIns(folder)).rejects.toMatchObject({ code: 'already-exists' });
    rmSync(join(folder, 'spire-agent'));
    symlinkSync('/opt/spire/bin/spire-agent', join(folder, 'spire-agent'));
    await expect(linkDropIns(folder)).rejects.toMatchObject({ code: 'already-exists' });
    expect(readlinkSync(join(folder, 'spire-agent'))).toBe('/opt/spire/bin/spire-agent');
  });

  it('says what is wrong with the folder', async () => {
    await expect(linkDropIns(join(folder, 'absent'))).rejects.toMatchObject({
      code: 'io-error',
      message: `${folder}/absent does not exist`,
      advice: `Make it first: \`mkdir -p ${folder}/absent\`.`,
    });
  });
});
