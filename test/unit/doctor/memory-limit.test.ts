import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memory } from '../../../src/lib/doctor/memory-limit.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernel-'));
  mkdirSync(join(folder, 'proc/7'), { recursive: true });
  mkdirSync(join(folder, 'groups/system.slice/agent.service'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const process = { pid: 7, uid: 0, executable: undefined, workingFolder: undefined, arguments: { flags: new Map() } };

function look(group: string, max: string, current: string) {
  writeFileSync(join(folder, 'proc/7/cgroup'), `0::${group}\n`);
  writeFileSync(join(folder, 'groups/system.slice/agent.service/memory.max'), max);
  writeFileSync(join(folder, 'groups/system.slice/agent.service/memory.current'), current);
  const kernel = { processes: join(folder, 'proc'), groups: join(folder, 'groups') };
  return memory({ kind: 'agent', process }, kernel);
}

test('tells of a control group that is nearly full', async () => {
  const [finding] = await look('/system.slice/agent.service', '1000\n', '990\n');
  expect(finding).toMatchObject({ code: 'SPK-4103', severity: 'warning' });
  expect(finding?.message).toContain('99 %');
});

test('says nothing of one with room, without a limit, or elsewhere', async () => {
  expect(await look('/system.slice/agent.service', '1000', '500')).toEqual([]);
  expect(await look('/system.slice/agent.service', 'max', '500')).toEqual([]);
  expect(await look('/../system.slice/agent.service', '1000', '990')).toEqual([]);
  expect(await memory({ kind: 'agent', process: undefined })).toEqual([]);
});
