import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { url } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { streamOutput } from '../../../src/lib/runtime/log-output.ts';
import { DaemonLogger } from '../../../src/lib/runtime/logger.ts';
import { Profiles, type ProfilingSettings } from '../../../src/lib/runtime/profiles.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const clock = new ManualClock();
let dataDir: string;
let lines: string[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'profiles-'));
  lines = [];
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function open(settings: Partial<ProfilingSettings>): Promise<Profiles | undefined> {
  const stream = new PassThrough();
  stream.on('data', (text: Buffer) => lines.push(text.toString()));
  const output = streamOutput(stream);
  const log = new DaemonLogger({ level: 'info', format: 'text', clock, output });
  const all = { isEnabled: true, port: 0, frequencySeconds: 60, names: ['cpu', 'heap'], ...settings };
  return Profiles.open({ settings: all, dataDir, tag: 'server', clock, log });
}

/** Without the one that is just being written. */
const files = (): string[] =>
  readdirSync(join(dataDir, 'profiles'))
    .filter((name) => !name.startsWith('.'))
    .sort();

/** Moves the clock on each time the profiles wait for it. */
async function untilFiles(count: number): Promise<void> {
  await expect
    .poll(
      () => {
        if (files().length < count && clock.pending > 0) clock.advance(30_000);
        return files().length;
      },
      { timeout: 20_000, interval: 5 },
    )
    .toBeGreaterThanOrEqual(count);
}

describe('profiles', () => {
  it('go to files of their owner alone, every so often, and open no port', async () => {
    await using profiles = await open({});
    expect(profiles).toBeDefined();
    await untilFiles(4);
    expect(url()).toBeUndefined();
    const nameOf = (kind: string): string => files().find((name) => name.includes(`_${kind}.`)) ?? '';
    const [cpu, heap] = [nameOf('cpu'), nameOf('heap')];
    expect(cpu).toMatch(/^server_2031-05-06_\d{6}_cpu\.cpuprofile$/);
    expect(heap).toMatch(/^server_2031-05-06_\d{6}_heap\.heapprofile$/);
    for (const name of [cpu, heap]) expect(statSync(join(dataDir, 'profiles', name)).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'profiles')).mode & 0o777).toBe(0o700);
    const read = (name: string) => JSON.parse(readFileSync(join(dataDir, 'profiles', name), 'utf8'));
    expect(read(cpu).nodes.length).toBeGreaterThan(0);
    expect(read(heap).head).toBeDefined();
  });

  it('are kept, the last twenty of a kind', async () => {
    await using _profiles = await open({ names: ['heap'], frequencySeconds: 30 });
    const seen = new Set<string>();
    await expect
      .poll(
        () => {
          for (const file of files()) seen.add(file);
          if (clock.pending > 0) clock.advance(30_000);
          return seen.size;
        },
        { timeout: 20_000, interval: 2 },
      )
      .toBeGreaterThan(25);
    await expect.poll(() => files().length).toBeLessThanOrEqual(20);
  });

  it('are not taken where they are off, or where nothing says which and how often', async () => {
    expect(await open({ isEnabled: false })).toBeUndefined();
    expect(lines).toEqual([]);
    expect(await open({ frequencySeconds: 0 })).toBeUndefined();
    expect(await open({ names: ['goroutine'], port: 6060 })).toBeUndefined();
    expect(lines.join('')).toMatch(/nothing listens on profiling_port/);
    expect(lines.join('')).toMatch(/There is no such profile here, only cpu and heap" name=goroutine/);
    expect(lines.join('')).toMatch(/that takes profiling_freq and profiling_names/);
    expect(readdirSync(dataDir)).toEqual([]);
  });
});
