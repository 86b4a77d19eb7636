import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { prepareGoClient, preparePythonClient } from '../support/foreign-clients.ts';
import { findOnPath, whyNoOtherUsers } from '../support/programs.ts';
import { callAs } from '../support/workload-caller.ts';

const obstacle = await whyNoOtherUsers();

describe('callers of the Workload API', () => {
  it('get their own identity alone while two users call at once', { timeout: 120_000 }, async ({ skip }) => {
    if (obstacle !== undefined) return skip(obstacle);
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    await deployment.createEntry('/one', ['unix:uid:2001']);
    await deployment.createEntry('/two', ['unix:uid:2002']);
    const socketPath = deployment.agentSocket;
    const [one, two] = await Promise.all([
      callAs({ uid: 2001, calls: 300, socketPath }),
      callAs({ uid: 2002, calls: 300, socketPath }),
    ]);
    expect(new Set(one)).toEqual(new Set(['spiffe://example.org/one']));
    expect(new Set(two)).toEqual(new Set(['spiffe://example.org/two']));
    expect([one.length, two.length]).toEqual([300, 300]);
  });

  it.for([
    ['go-spiffe', 'go', prepareGoClient],
    ['py-spiffe', 'python3', preparePythonClient],
  ] as const)('may be written with %s', { timeout: 600_000 }, async ([, tool, prepare], { skip }) => {
    if (obstacle !== undefined) return skip(obstacle);
    if (findOnPath(tool) === undefined) return skip(`${tool} is not on the PATH`);
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-client-'));
    try {
      const client = await prepare(folder);
      await using deployment = await Deployment.open();
      await deployment.startAgent();
      await deployment.createEntry('/one', ['unix:uid:2001']);
      await callAs({ uid: 2001, calls: 1, socketPath: deployment.agentSocket });
      const all = await client.call(['all', 'reports'], { uid: 2001, socket: deployment.agentSocket });
      expect(all.code, all.stdout + all.stderr).toBe(0);
      expect(all.stdout).toContain('spiffe://example.org/one');
      const none = await client.call(['x509'], { uid: 2003, socket: deployment.agentSocket });
      expect(none.code).toBe(1);
      expect(none.stdout).toContain('no identity issued');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
