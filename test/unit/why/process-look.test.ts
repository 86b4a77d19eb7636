import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatSelector } from '../../../src/lib/spiffe/selector.ts';
import { describeUser, lookAtProcess, withDigest } from '../../../src/lib/why/process-look.ts';

describe('a look at a process', () => {
  it('sees what the unix attestor sees, and its program beside', async () => {
    const subject = await lookAtProcess(process.pid, { isCaller: true });
    expect(subject.selectors.map(formatSelector)).toContain(`unix:uid:${process.geteuid?.()}`);
    expect(subject.programSelectors.map(formatSelector)).toEqual([`unix:path:${readlinkSync('/proc/self/exe')}`]);
    expect(subject).toMatchObject({ name: 'this process', process: { pid: process.pid, uid: process.geteuid?.() } });
  });

  it('takes the digest of its program only when asked', async () => {
    const child = spawn('sleep', ['600']);
    await once(child, 'spawn');
    const subject = await lookAtProcess(child.pid ?? 0, { isCaller: false });
    const digested = await withDigest(subject, 0, {});
    const digest = createHash('sha256')
      .update(readFileSync(`/proc/${child.pid}/exe`))
      .digest('hex');
    expect(digested.programSelectors.map(formatSelector)).toContain(`unix:sha256:${digest}`);
    expect((await withDigest(subject, 1, {})).unseenKinds).toContain('unix:sha256');
    child.kill();
  });

  it('F36: refuses a process that has ended, and one that is only a zombie', async () => {
    await expect(lookAtProcess(4_194_304, { isCaller: false })).rejects.toMatchObject({ code: 'not-found' });
    const child = spawn('true');
    await once(child, 'exit');
    await expect(lookAtProcess(child.pid ?? 0, { isCaller: false })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('a user without a process', () => {
  it('has what is known of each of its processes, and the rest is not known', async () => {
    const subject = await describeUser(0, undefined);
    expect(subject.selectors.map(formatSelector)).toEqual(['unix:uid:0', 'unix:user:root']);
    expect([...subject.unseenKinds]).toContain('unix:gid');
    expect((await describeUser(4_000_000, 4_000_000)).selectors.map(formatSelector)).toEqual([
      'unix:uid:4000000',
      'unix:gid:4000000',
    ]);
  });
});
