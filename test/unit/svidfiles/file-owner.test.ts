import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OwnerOptions, resolveOwner } from '../../../src/lib/svidfiles/file-owner.ts';
import { NOBODY, projectRoot, run, whyNoOtherUsers } from '../../support/programs.ts';

let folder: string;
let options: OwnerOptions;
const isRoot = process.geteuid?.() === 0;
const noOthers = await whyNoOtherUsers();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'owner-'));
  options = { passwd: join(folder, 'passwd'), group: join(folder, 'group') };
  writeFileSync(join(folder, 'passwd'), 'root:x:0:0::/root:/bin/sh\nweb:x:1234:5678::/:/bin/sh\n');
  writeFileSync(join(folder, 'group'), 'www:x:5678:web\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('resolveOwner', () => {
  it('leaves everything as it is when nothing is wanted', async () => {
    expect(await resolveOwner({ owner: '', group: '' }, options)).toEqual({ uid: undefined, gid: undefined });
  });

  it(`finds names and takes numbers${isRoot ? '' : ' (only root may give files away)'}`, async ({ skip }) => {
    if (!isRoot) return skip('only root may give files away');
    expect(await resolveOwner({ owner: 'web', group: 'www' }, options)).toEqual({ uid: 1234, gid: 5678 });
    expect(await resolveOwner({ owner: '77', group: '88' }, options)).toEqual({ uid: 77, gid: 88 });
  });

  it('refuses names that nobody has and numbers that nobody can have', async () => {
    await expect(resolveOwner({ owner: 'nobody-here', group: '' }, options)).rejects.toMatchObject({
      code: 'usage',
      message: `no user "nobody-here" in ${folder}/passwd: give the number`,
    });
    await expect(resolveOwner({ owner: '', group: '4294967295' }, options)).rejects.toMatchObject({
      message: '4294967295 is too large for the id of a group',
    });
  });

  it(`refuses what this user may not give away, before anything is written${noOthers ? ` (${noOthers})` : ''}`, async ({
    skip,
  }) => {
    if (noOthers !== undefined) return skip(noOthers);
    const module = join(projectRoot, 'src/lib/svidfiles/file-owner.ts');
    const script = `
      const { resolveOwner } = await import(${JSON.stringify(module)});
      for (const [owner, group] of [['0', ''], ['', '0'], ['${NOBODY}', '${NOBODY}']]) {
        await resolveOwner({ owner, group }).then((id) => console.log(id.uid, id.gid), (e) => console.log(e.code, e.message));
      }`;
    const args = ['--input-type=module', '-e', script];
    const tried = await run(process.execPath, args, { uid: NOBODY, gid: NOBODY, cwd: '/' });
    expect(tried.stdout.split('\n')).toEqual([
      'permission-denied cannot give files to user "0": only root may, or a process with the capability CHOWN',
      'permission-denied cannot give files to group "0", of which this user is no member: only root may, or a process with the capability CHOWN',
      `${NOBODY} ${NOBODY}`,
      '',
    ]);
  });
});
