import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseChaos } from '../../../src/lib/dev/chaos.ts';
import { ChaosRun } from '../../../src/lib/dev/chaos-run.ts';
import { DevEnvironment } from '../../../src/lib/dev/dev-environment.ts';
import { parseDevIdentity } from '../../../src/lib/dev/dev-identity.ts';
import { lateAnswers } from '../../../src/lib/dev/late-answers.ts';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { DaemonLogger } from '../../../src/lib/runtime/logger.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { WorkloadApiClient } from '../../../src/lib/workloadapi/client.ts';
import { parseX509Context } from '../../../src/lib/workloadapi/x509-context.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const trustDomain = TrustDomain.parse('example.org');
const uid = process.getuid?.() ?? 0;

function open(options: Partial<Parameters<typeof DevEnvironment.open>[0]> = {}): Promise<DevEnvironment> {
  return DevEnvironment.open({
    trustDomain,
    identities: [parseDevIdentity(`web=unix:uid:${uid}`, trustDomain)],
    keepsAgentKeys: true,
    clock: systemClock,
    log: new DaemonLogger({
      output: { write: () => {}, reopen: () => {}, [Symbol.dispose]: () => {} },
      clock: systemClock,
      level: 'error',
    }),
    version: 'test',
    signal: new AbortController().signal,
    ...options,
  });
}

describe('a workload in a trust domain with chaos', () => {
  let environment: DevEnvironment;
  beforeAll(async () => {
    environment = await open();
  });
  afterAll(async () => {
    await environment[Symbol.asyncDispose]();
  });

  const client = (): WorkloadApiClient => new WorkloadApiClient({ kind: 'unix', path: environment.agentSocket });
  const serial = (answer: Parameters<typeof parseX509Context>[0]): bigint | undefined =>
    parseX509Context(answer).svids[0]?.certificates[0]?.serialNumber;

  /** Chaos by a clock of its own: it comes when the test says so. */
  function chaos(text: string) {
    const clock = new ManualClock();
    const said: string[] = [];
    const run = new ChaosRun([parseChaos(text)], environment, { clock, say: (line) => said.push(line) });
    const advance = async (ms: number): Promise<void> => {
      await vi.waitFor(() => expect(clock.isAwaited(ms)).toBe(true));
      const before = said.length;
      clock.advance(ms);
      await vi.waitFor(() => expect(said.length).toBe(before + 1), { timeout: 30_000 });
    };
    return { run, advance, said };
  }

  test('rotate: gets a new SVID on its stream each time', async () => {
    const { run, advance } = chaos('rotate=10s');
    await using _run = run;
    await using api = client();
    const stream = api.watchX509Svid()[Symbol.asyncIterator]();
    const seen = [serial((await stream.next()).value ?? { svids: [], crl: [], federatedBundles: {} })];
    for (let round = 0; round < 3; round += 1) {
      await advance(10_000);
      seen.push(serial((await stream.next()).value ?? { svids: [], crl: [], federatedBundles: {} }));
    }
    expect(new Set(seen).size).toBe(4);
    await stream.return?.();
  });

  test('revoke: is told that it has no identity, and gets one again', async () => {
    const { run, advance } = chaos('revoke=10s');
    await using _run = run;
    await using api = client();
    const stream = api.watchX509Svid()[Symbol.asyncIterator]();
    await stream.next();
    await advance(10_000);
    await expect(stream.next()).rejects.toThrow('no identity issued');
    await advance(10_000);
    await vi.waitFor(() => api.fetchX509Svid(), { timeout: 30_000 });
  });

  test('F23: drop: its stream breaks, the socket is gone and comes back', async () => {
    const { run, advance } = chaos('drop=10s');
    await using _run = run;
    await using api = client();
    const stream = api.watchX509Svid()[Symbol.asyncIterator]();
    await stream.next();
    await advance(10_000);
    await expect(stream.next()).rejects.toMatchObject({ code: 'unavailable' });
    expect(existsSync(environment.agentSocket)).toBe(false);
    await advance(1_000);
    expect(serial(await api.fetchX509Svid())).toBeDefined();
  });

  test('expire: keeps what it has when the server has gone', async () => {
    const { run, advance } = chaos('expire=10s');
    await using _run = run;
    await advance(10_000);
    expect(existsSync(environment.serverSocket)).toBe(false);
    await using api = client();
    expect(serial(await api.fetchX509Svid())).toBeDefined();
  });
});

test('slow: answers wait', async () => {
  const clock = new ManualClock();
  await using environment = await open({ interceptCalls: lateAnswers(2_000, clock) });
  await using api = new WorkloadApiClient({ kind: 'unix', path: environment.agentSocket });
  let isThere = false;
  const answer = api.fetchX509Svid().then((value) => {
    isThere = true;
    return value;
  });
  await vi.waitFor(() => expect(clock.isAwaited(2_000)).toBe(true));
  expect(isThere).toBe(false);
  clock.advance(2_000);
  expect((await answer).svids).toHaveLength(1);
});
