import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRecording } from '../../src/lib/recording/recording-text.ts';
import { ours, run, runUntil } from '../support/programs.ts';
import { issue, issueCa } from '../unit/crypto/test-ca.ts';
import { grant, type ServedWorkloadApi, serveWorkloadApi } from '../unit/workloadapi/serve-workload-api.ts';

let agent: ServedWorkloadApi;
beforeAll(async () => {
  const today = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const root = await issueCa({ uris: ['spiffe://example.org'], ...today });
  const spiffeId = 'spiffe://example.org/web';
  const granted = grant([{ root, spiffeId, leaf: await issue({ uris: [spiffeId], ...today }, root) }]);
  agent = await serveWorkloadApi({
    async *fetchX509SVID(_, { signal }) {
      yield granted;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  });
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
});

const file = (name: string): string => join(agent.folder, name);

describe('spirekit record', () => {
  test('records what a command says, and exits as the command does', async () => {
    const script = `"${ours.spirekit}" api fetch x509 > /dev/null; exit 7`;
    const args = ['record', '-o', file('command.jsonl'), '--socket-path', agent.path, '--', 'sh', '-c', script];
    const finished = await run(ours.spirekit, args);
    expect(finished).toMatchObject({ code: 7, stdout: '' });
    expect(finished.stderr).toMatch(/^Recorded 1 call and 2 further events in .*command\.jsonl\.\n$/);
    expect(statSync(file('command.jsonl')).mode & 0o777).toBe(0o600);
    const { events } = parseRecording(readFileSync(file('command.jsonl'), 'utf8'));
    expect(events.map(({ event }) => event)).toEqual(['call', 'answer', 'end', 'stop']);
  });

  test('says that nobody listens, and leaves no file', async () => {
    const finished = await run(ours.spirekit, [
      'record',
      '-o',
      file('none.jsonl'),
      '--socket-path',
      file('absent.sock'),
    ]);
    expect(finished.code).toBe(3);
    expect(() => statSync(file('none.jsonl'))).toThrow('ENOENT');
  });

  test('in between, ends when it is told to', async () => {
    const args = [
      'record',
      '-o',
      file('between.jsonl'),
      '--socket-path',
      agent.path,
      '--listen',
      `unix:${file('b.sock')}`,
    ];
    expect(await runUntil(ours.spirekit, args, /Recording what comes to/)).toContain('Recorded 0 calls');
    expect(parseRecording(readFileSync(file('between.jsonl'), 'utf8')).events).toMatchObject([
      { event: 'stop', reason: 'done' },
    ]);
  });
});

describe('spirekit replay', () => {
  test('serves a recording once, and ends', async () => {
    const replay = run(ours.spirekit, [
      'replay',
      file('command.jsonl'),
      '--listen',
      `unix:${file('r.sock')}`,
      '--once',
      '--speed',
      '10',
    ]);
    const fetched = await run(ours.spirekit, [
      'api',
      'fetch',
      'x509',
      '--wait',
      '30s',
      '--socket-path',
      file('r.sock'),
    ]);
    expect(fetched.stdout).toContain('spiffe://example.org/web');
    expect(await replay).toMatchObject({ code: 0, stdout: '' });
  });
});
