import { describe, expect, it } from 'vitest';
import { abbreviationOf, localZone } from '../../../src/lib/cli/local-zone.ts';

/** A zone file with types in its first block and a rule in its last line. */
function zoneFile(types: readonly (readonly [offsetSeconds: number, name: string])[], rule: string): Buffer {
  const names = types.map(([, name]) => `${name}\0`).join('');
  const header = Buffer.alloc(44);
  header.write('TZif2', 'latin1');
  header.writeUInt32BE(types.length, 36);
  header.writeUInt32BE(names.length, 40);
  let nameAt = 0;
  const records = types.map(([offset, name]) => {
    const record = Buffer.alloc(6);
    record.writeInt32BE(offset);
    record.writeUInt8(nameAt, 5);
    nameAt += name.length + 1;
    return record;
  });
  return Buffer.concat([header, ...records, Buffer.from(names), Buffer.from(`\n${rule}\n`)]);
}

describe('abbreviationOf', () => {
  const berlin = zoneFile(
    [
      [3208, 'LMT'],
      [3600, 'CET'],
      [7200, 'CEST'],
      [10_800, 'CEMT'],
    ],
    'CET-1CEST,M3.5.0,M10.5.0/3',
  );

  it('names standard and summer time by the rule', () => {
    expect(abbreviationOf(berlin, 3600)).toBe('CET');
    expect(abbreviationOf(berlin, 7200)).toBe('CEST');
  });

  it('names what the rule does not know by the list of types', () => {
    expect(abbreviationOf(berlin, 10_800)).toBe('CEMT');
  });

  it('takes the brackets off names that are offsets', () => {
    expect(abbreviationOf(zoneFile([], '<-03>3<-02>,M3.5.0/-2,M10.5.0/-1'), -10_800)).toBe('-03');
    expect(abbreviationOf(zoneFile([], '<-03>3<-02>,M3.5.0/-2,M10.5.0/-1'), -7200)).toBe('-02');
  });

  it('writes the offset where there is no name', () => {
    expect(abbreviationOf(zoneFile([], 'UTC0'), 19_800)).toBe('+0530');
    expect(abbreviationOf(zoneFile([], 'UTC0'), -10_800)).toBe('-03');
  });

  it('makes nothing of a file that is cut off', () => {
    for (let length = 0; length < berlin.length; length += 1) {
      expect(abbreviationOf(berlin.subarray(0, length), 3600)).toMatch(/^(CET|\+01)$/);
    }
  });
});

describe('localZone', () => {
  it.each(['', 'UTC', ':UTC', 'Nowhere/At_All', '/dev/null'])('is UTC where TZ is %j', (TZ) => {
    expect(localZone(1_700_000_000n, { TZ })).toEqual({ offsetSeconds: 0, abbreviation: 'UTC' });
  });
});
