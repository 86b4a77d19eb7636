import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProcessStatus } from '../../../src/lib/unixprocess/process-status.ts';

const id = fc.integer({ min: 0, max: 0xffff_ffff });

function status(rows: readonly string[]): string {
  return `${['Name:\tsleep', 'Umask:\t0022', 'State:\tS (sleeping)', 'Pid:\t42', ...rows, 'VmPeak:\t1 kB'].join('\n')}\n`;
}

describe('parseProcessStatus', () => {
  test('takes the effective ids, not the real ones', () => {
    const text = status(['Uid:\t1000\t0\t1000\t1000', 'Gid:\t100\t5\t100\t100', 'Groups:\t4 24 27 ']);
    expect(parseProcessStatus(text)).toEqual({ effectiveUid: 0, effectiveGid: 5, supplementaryGids: [4, 24, 27] });
  });

  test('knows a process without supplementary groups', () => {
    const text = status(['Uid:\t1\t1\t1\t1', 'Gid:\t1\t1\t1\t1', 'Groups:\t ']);
    expect(parseProcessStatus(text).supplementaryGids).toEqual([]);
  });

  test.each([
    ['no user', ['Gid:\t1\t1\t1\t1', 'Groups:\t']],
    ['no group', ['Uid:\t1\t1\t1\t1', 'Groups:\t']],
    ['no groups', ['Uid:\t1\t1\t1\t1', 'Gid:\t1\t1\t1\t1']],
    ['too few ids', ['Uid:\t1\t1', 'Gid:\t1\t1\t1\t1', 'Groups:\t']],
    ['a negative id', ['Uid:\t1\t-1\t1\t1', 'Gid:\t1\t1\t1\t1', 'Groups:\t']],
    ['an id beyond 32 bits', ['Uid:\t1\t4294967296\t1\t1', 'Gid:\t1\t1\t1\t1', 'Groups:\t']],
    ['an id that is no number', ['Uid:\t1\t0x0\t1\t1', 'Gid:\t1\t1\t1\t1', 'Groups:\t']],
    ['a group that is no number', ['Uid:\t1\t1\t1\t1', 'Gid:\t1\t1\t1\t1', 'Groups:\t1 root']],
    ['the same row twice', ['Uid:\t1\t1\t1\t1', 'Uid:\t0\t0\t0\t0', 'Gid:\t1\t1\t1\t1', 'Groups:\t']],
  ])('refuses to guess: %s', (_, rows) => {
    expect(() => parseProcessStatus(status(rows))).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  test('reads whatever ids the kernel writes', () => {
    fc.assert(
      fc.property(fc.tuple(id, id, id, id), fc.tuple(id, id, id, id), fc.array(id), (uids, gids, groups) => {
        const text = status([`Uid:\t${uids.join('\t')}`, `Gid:\t${gids.join('\t')}`, `Groups:\t${groups.join(' ')} `]);
        expect(parseProcessStatus(text)).toEqual({
          effectiveUid: uids[1],
          effectiveGid: gids[1],
          supplementaryGids: groups,
        });
      }),
    );
  });
});
