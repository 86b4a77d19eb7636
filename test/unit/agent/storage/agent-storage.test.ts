import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { formatAgentData, NO_AGENT_DATA, parseAgentData } from '../../../../src/lib/agent/storage/agent-data.ts';
import { AgentStorage } from '../../../../src/lib/agent/storage/agent-storage.ts';
import type { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { makeCa } from '../certificates.ts';
import { MemoryLog, TestFolder } from '../support.ts';

let certificates: readonly Certificate[];
beforeAll(async () => {
  certificates = [(await makeCa(0)).certificate, (await makeCa(0)).certificate];
});

function open(dataDir: string, log = new MemoryLog(), mayBeginAnew = true): Promise<AgentStorage> {
  return AgentStorage.open({ dataDir, mayBeginAnew, clock: new ManualClock(0), log });
}

describe('AgentStorage', () => {
  test('starts with nothing', async () => {
    using folder = new TestFolder();
    expect((await open(folder.file('data'))).data).toEqual(NO_AGENT_DATA);
    expect(readdirSync(folder.file('data'))).toEqual([]);
  });

  test('remembers SVID and bundle over a restart', async () => {
    using folder = new TestFolder();
    const storage = await open(folder.path);
    await Promise.all([storage.storeSvid(certificates, true), storage.storeBundle(certificates.slice(1))]);
    const { data } = await open(folder.path);
    expect(data.svid.map(({ der }) => der)).toEqual(certificates.map(({ der }) => der));
    expect(data.bundle).toHaveLength(1);
    expect(data.reattestable).toBe(true);
  });

  test('forgets the SVID and keeps the bundle', async () => {
    using folder = new TestFolder();
    const storage = await open(folder.path);
    await storage.storeSvid(certificates, true);
    await storage.storeBundle(certificates);
    await storage.deleteSvid();
    const { data } = await open(folder.path);
    expect([data.svid.length, data.reattestable, data.bundle.length]).toEqual([0, false, 2]);
  });

  test('keeps its file for its owner only, also if it was wider before', async () => {
    using folder = new TestFolder();
    await (await open(folder.path)).storeBundle(certificates);
    const path = folder.file('agent-data.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o644);
    await open(folder.path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('does not touch the file when nothing changes', async () => {
    using folder = new TestFolder();
    const storage = await open(folder.path);
    await storage.storeBundle(certificates);
    const { ino } = statSync(folder.file('agent-data.json'));
    await storage.storeBundle([...certificates]);
    expect(statSync(folder.file('agent-data.json')).ino).toBe(ino);
  });

  test.each(['', '{', '[]', '"x"', '{"svid": ["AAAA"]}', '{"bundle": {}}', '{"reattestable": 1}', '{"svid": [1]}'])(
    'F10: sets a damaged file aside, with a warning: %s',
    async (text) => {
      using folder = new TestFolder();
      writeFileSync(folder.file('agent-data.json'), text);
      const log = new MemoryLog();
      expect((await open(folder.path, log)).data).toEqual(NO_AGENT_DATA);
      const [moved] = readdirSync(folder.path);
      expect(moved).toBe('agent-data.json.damaged-1970-01-01T00-00-00-000Z');
      expect(readFileSync(folder.file(moved ?? ''), 'utf8')).toBe(text);
      expect(log.lines).toEqual([expect.objectContaining({ level: 'warn' })]);
    },
  );

  test('F10: sets aside a folder in the place of its file', async () => {
    using folder = new TestFolder();
    mkdirSync(folder.file('agent-data.json'));
    await (await open(folder.path)).storeBundle(certificates);
    expect(readdirSync(folder.path).sort()).toEqual([
      'agent-data.json',
      'agent-data.json.damaged-1970-01-01T00-00-00-000Z',
    ]);
  });

  test('F10: leaves a damaged file alone where the agent would then trust whoever answers', async () => {
    using folder = new TestFolder();
    writeFileSync(folder.file('agent-data.json'), '{');
    await expect(open(folder.path, new MemoryLog(), false)).rejects.toMatchObject({
      code: 'data-loss',
      message: expect.stringContaining('insecure_bootstrap'),
    });
    expect(readdirSync(folder.path)).toEqual(['agent-data.json']);
  });

  test('stays as it was when a change cannot be written', async () => {
    using folder = new TestFolder();
    const storage = await open(folder.file('data'));
    await storage.storeBundle(certificates);
    rmSync(folder.file('data'), { recursive: true });
    await expect(storage.deleteSvid()).resolves.toBeUndefined();
    await expect(storage.storeSvid(certificates, false)).rejects.toMatchObject({ code: 'io-error' });
    expect(storage.data.svid).toEqual([]);
    mkdirSync(folder.file('data'));
    await storage.storeSvid(certificates, false);
    expect(storage.data.svid).toHaveLength(2);
  });
});

describe('agent data', () => {
  test('has the members of SPIRE', () => {
    expect(JSON.parse(formatAgentData(NO_AGENT_DATA))).toEqual({
      svid: null,
      bundle: null,
      reattestable: false,
      bootstrap_use: 0,
      bootstrap_start_time: '0001-01-01T00:00:00Z',
      connection_attempts: 0,
    });
  });

  test('survives being written and read', () => {
    const someCertificates = fc.array(fc.nat(1)).map((picks) => picks.flatMap((pick) => certificates[pick] ?? []));
    fc.assert(
      fc.property(
        fc.record({
          svid: someCertificates,
          bundle: someCertificates,
          reattestable: fc.boolean(),
          bootstrap: fc.record({
            use: fc.constantFrom('unspecified', 'bootstrap', 'rebootstrap'),
            startedAtMs: fc.option(fc.integer({ min: 0, max: 2 ** 41 }), { nil: undefined }),
            attempts: fc.nat(),
          }),
        }),
        (data) => {
          const text = formatAgentData(data);
          expect(formatAgentData(parseAgentData(text))).toBe(text);
        },
      ),
    );
  });
});
