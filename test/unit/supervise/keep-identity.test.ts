import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { type Clock, systemClock } from '../../../src/lib/runtime/clock.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import type { IdentityOutput } from '../../../src/lib/supervise/identity-output.ts';
import { type KeepIdentityOptions, keepIdentity } from '../../../src/lib/supervise/keep-identity.ts';
import { PARTS } from '../../../src/lib/supervise/parts.ts';
import { Service } from '../../../src/lib/supervise/service.ts';
import type { WatchEvent } from '../../../src/lib/supervise/watch-event.ts';
import type { IdentityContents } from '../../../src/lib/svidfiles/identity-contents.ts';
import { WorkloadApiClient } from '../../../src/lib/workloadapi/client.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { NOW_MS } from '../crypto/test-ca.ts';
import { PushingWorkloadApi } from '../workloadapi/pushing-workload-api.ts';
import { grant, makeIdentity, serveWorkloadApi, type TestIdentity } from '../workloadapi/serve-workload-api.ts';
import { isAlive, turns, until } from './until.ts';

let web: TestIdentity;
let renewed: TestIdentity;
let folder: string;
let told: WatchEvent[];
let output: RecordingOutput;
let deliver: (name: NodeJS.Signals) => void;

/** Keeps what is written in memory. */
class RecordingOutput implements IdentityOutput {
  readonly folder = '/run/id';
  readonly written: IdentityContents[] = [];
  removed = 0;
  failure: SpirekitError | undefined;

  async write(contents: IdentityContents): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.written.push(contents);
  }

  async remove(): Promise<void> {
    this.removed += 1;
  }
}

/** The real one, at the time at which the certificates are valid. */
const validClock: Clock = { ...systemClock, nowMs: () => NOW_MS };

beforeAll(async () => {
  web = await makeIdentity('/web');
  renewed = await makeIdentity('/web', web.root);
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keep-identity-'));
  told = [];
  output = new RecordingOutput();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function keep(path: string, changes: Partial<KeepIdentityOptions> = {}): Promise<number> {
  return keepIdentity({
    client: new WorkloadApiClient({ kind: 'unix', path }),
    clock: validClock,
    choice: {},
    keepsAll: false,
    jwtAudiences: [],
    wantsJwtBundles: false,
    output,
    counts: new Set(PARTS),
    once: false,
    waitMs: 0,
    deletesOnRevoke: false,
    tell: (event) => told.push(event),
    env: {},
    signals: {
      listen(_names, listener) {
        deliver = listener;
        return { [Symbol.dispose]: () => undefined };
      },
    },
    signal: new AbortController().signal,
    ...changes,
  });
}

const events = (): string[] => told.map(({ event }) => event);
const seen = (event: WatchEvent['event'], times = 1): Promise<true> =>
  until(() => events().filter((name) => name === event).length >= times || undefined);

const hook = (line: string, timeoutMs = 60_000): KeepIdentityOptions['hook'] => ({
  line,
  env: (variables) => ({ PATH: process.env['PATH'], ...variables }),
  timeoutMs,
  graceMs: 100,
});

const service = (line: string, onChange: 'restart' | 'SIGHUP' = 'restart'): KeepIdentityOptions['service'] => ({
  service: new Service({
    command: '/bin/sh',
    args: () => ['-c', line],
    clock: systemClock,
    onChange,
    onExit: 'exit',
    graceMs: 2000,
    hasOwnGroup: true,
  }),
  env: (variables) => ({ PATH: process.env['PATH'], ...variables }),
});

describe('keeping an identity', () => {
  it('writes it and each renewal, and runs the hook when it is in place', async () => {
    await using api = await PushingWorkloadApi.open(grant([web]));
    const running = keep(api.path, { hook: hook(`echo $SPIREKIT_SPIFFE_ID $SPIREKIT_CHANGED >> ${folder}/out`) });
    await seen('hook-ran');
    api.push(grant([renewed]));
    await seen('hook-ran', 2);
    deliver('SIGTERM');
    expect(await running).toBe(0);
    expect(output.written.length).toBe(2);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe(
      'spiffe://example.org/web x509,bundle\nspiffe://example.org/web x509\n',
    );
  });

  it('F23: runs no hook again for what is the same', async () => {
    await using api = await PushingWorkloadApi.open(grant([web]));
    const running = keep(api.path, { hook: hook(`echo x >> ${folder}/out`) });
    await seen('hook-ran');
    api.push(grant([web]));
    api.push(grant([web], { crl: [] }));
    await until(() => output.written.length >= 2 || undefined);
    api.push(grant([renewed]));
    await seen('hook-ran', 2);
    deliver('SIGINT');
    expect(await running).toBe(130);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('x\nx\n');
  });

  it('tells of the parts that count alone, and writes all', async () => {
    await using api = await PushingWorkloadApi.open(grant([web]));
    const running = keep(api.path, {
      hook: hook(`echo $SPIREKIT_CHANGED >> ${folder}/out`),
      counts: new Set(['bundle']),
    });
    await seen('hook-ran');
    api.push(grant([renewed]));
    await seen('written', 2);
    api.push(grant([renewed], { federatedBundles: { 'spiffe://other.test': web.root.certificate.der } }));
    await seen('hook-ran', 2);
    deliver('SIGTERM');
    await running;
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('bundle\nbundle\n');
    expect(output.written.length).toBe(3);
  });

  it('F21: writes on while a hook hangs, kills it in the end, and tells the next of what came meanwhile', async () => {
    await using api = await PushingWorkloadApi.open(grant([web]));
    const line = `[ -e ${folder}/once ] && echo $SPIREKIT_CHANGED >> ${folder}/out && exit; touch ${folder}/once; sleep 600`;
    const running = keep(api.path, { hook: hook(line, 500) });
    await until(() => readFileSync(join(folder, 'once'), 'utf8') === '' || undefined);
    api.push(grant([renewed]));
    await seen('written', 2);
    expect(events()).not.toContain('hook-failed');
    await seen('hook-ran');
    deliver('SIGTERM');
    await running;
    expect(told.find(({ event }) => event === 'hook-failed')).toMatchObject({ code: 'SPK-7104' });
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('x509\n');
  });

  it('F17: tries again what could not be written, and is not ready meanwhile', async () => {
    const clock = new ManualClock(NOW_MS);
    await using api = await PushingWorkloadApi.open(grant([web]));
    output.failure = new SpirekitError('io-error', 'write /run/id: no space left on device');
    const running = keep(api.path, { clock });
    await seen('write-failed');
    for (let time = 0; time < 3; time += 1) {
      await until(() => clock.pending > 0 || undefined);
      clock.advance(30_000);
      await turns();
    }
    expect(events()).toEqual(['write-failed']);
    output.failure = undefined;
    await until(() => clock.pending > 0 || undefined);
    clock.advance(30_000);
    await seen('written');
    deliver('SIGTERM');
    await running;
  });

  it('says when what is kept has expired, once', async () => {
    const clock = new ManualClock(NOW_MS);
    await using api = await PushingWorkloadApi.open(grant([web]));
    const running = keep(api.path, { clock });
    await seen('written');
    for (let time = 0; time < 130; time += 1) {
      clock.advance(30_000);
      await turns(5);
    }
    deliver('SIGTERM');
    await running;
    expect(events()).toEqual(['written', 'expired', 'stopping']);
  });

  it('warns when the default identity is another one, unless one was chosen', async () => {
    const other = await makeIdentity('/other', web.root);
    for (const [index, expected] of [
      [undefined, 'default-changed'],
      [0, 'written'],
    ] as const) {
      told = [];
      await using api = await PushingWorkloadApi.open(grant([web]));
      const running = keep(api.path, { choice: { index } });
      await seen('written');
      api.push(grant([other, web]));
      await seen('written', 2);
      deliver('SIGTERM');
      await running;
      expect(events()).toContain(expected);
      expect(events().includes('default-changed')).toBe(index === undefined);
    }
  });
});

describe('an identity that is taken away', () => {
  /** Grants it, and refuses everybody when told to; `grantAgain` ends that. */
  const open = async () => {
    let isGranted = true;
    let change = Promise.withResolvers<void>();
    const api = await serveWorkloadApi({
      async *fetchX509SVID(_, { signal }) {
        if (!isGranted) throw new RpcError(RpcCode.permissionDenied, 'no identity issued');
        yield grant([web]);
        await Promise.race([change.promise, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
        throw new RpcError(RpcCode.permissionDenied, 'no identity issued');
      },
    });
    const set = (value: boolean): void => {
      isGranted = value;
      change.resolve();
      change = Promise.withResolvers();
    };
    return { api, set };
  };

  it.each([false, true])(
    'F24: is kept until it expires, or removed if that is wanted (%s)',
    async (deletesOnRevoke) => {
      const clock = new ManualClock(NOW_MS);
      const { api, set } = await open();
      await using _ = api;
      const running = keep(api.path, { clock, deletesOnRevoke });
      await seen('written');
      set(false);
      await seen('revoked');
      if (deletesOnRevoke) await seen('removed');
      for (let time = 0; time < 5; time += 1) {
        await until(() => clock.pending > 0 || undefined);
        clock.advance(30_000);
        await turns();
      }
      expect(events().filter((event) => event === 'revoked').length).toBe(1);
      expect(output.removed).toBe(deletesOnRevoke ? 1 : 0);
      set(true);
      while (!events().includes('reconnected')) {
        clock.advance(30_000);
        await turns();
      }
      if (deletesOnRevoke) await seen('written', 2);
      deliver('SIGTERM');
      await running;
      expect(told.find(({ event }) => event === 'revoked')).toMatchObject({ code: 'SPK-7101' });
      expect(events().filter((event) => event === 'written').length).toBe(deletesOnRevoke ? 2 : 1);
    },
  );

  it('F23: comes back after the agent has restarted, and nobody is told again', async () => {
    const clock = new ManualClock(NOW_MS);
    let streams = 0;
    let breakStream = (): void => undefined;
    await using api = await serveWorkloadApi({
      async *fetchX509SVID() {
        streams += 1;
        yield grant([web]);
        await new Promise<void>((resolve) => {
          breakStream = resolve;
        });
        throw new RpcError(RpcCode.unavailable, 'going away');
      },
    });
    const running = keep(api.path, { clock, hook: hook(`echo x >> ${folder}/out`) });
    await seen('hook-ran');
    breakStream();
    await seen('stream-failed');
    while (!events().includes('reconnected')) {
      clock.advance(1000);
      await turns();
    }
    deliver('SIGTERM');
    breakStream();
    await running;
    expect([streams, output.written.length]).toEqual([2, 2]);
    expect(events()).toEqual(['written', 'hook-ran', 'stream-failed', 'reconnected', 'stopping']);
  });
});

describe('a job', () => {
  it('ends when all is written and told', async () => {
    await using api = await PushingWorkloadApi.open(grant([web]));
    expect(await keep(api.path, { once: true, hook: hook(`echo x > ${folder}/out`) })).toBe(0);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('x\n');
    expect(await keep(api.path, { once: true, hook: hook('exit 3') })).toBe(1);
  });

  it('waits for an identity so long as it may, and then says what was in the way', async () => {
    await using api = await serveWorkloadApi({
      // biome-ignore lint/correctness/useYield: it never gives any
      async *fetchX509SVID() {
        throw new RpcError(RpcCode.permissionDenied, 'no identity issued');
      },
    });
    const clock = new ManualClock(NOW_MS);
    const kept = keep(api.path, { clock, once: true, waitMs: 500 }).catch((error: unknown) => error);
    await seen('waiting');
    clock.advance(500);
    expect(await kept).toMatchObject({
      code: 'permission-denied',
      message: expect.stringMatching(/^waited 500ms for an identity: .*no identity issued$/),
    });
    expect(events()).toEqual(['waiting']);
  });

  it('ends at once when the agent says that it will never answer', async () => {
    await using api = await serveWorkloadApi({
      // biome-ignore lint/correctness/useYield: it never gives any
      async *fetchX509SVID() {
        throw new RpcError(RpcCode.invalidArgument, 'security header missing from request');
      },
    });
    await expect(keep(api.path)).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('a command', () => {
  it('starts with the identity, restarts with its renewal, and ends us as it ends', async () => {
    await using api = await PushingWorkloadApi.open(grant([web]));
    const line = `echo $SPIREKIT_DIR >> ${folder}/out; [ $(wc -l < ${folder}/out) = 2 ] && exit 9; sleep 600`;
    const running = keep(api.path, { service: service(line) });
    await seen('command-started');
    await until(() => readFileSync(join(folder, 'out'), 'utf8') !== '' || undefined);
    api.push(grant([renewed]));
    expect(await running).toBe(9);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('/run/id\n/run/id\n');
  });

  it('F22: gets SIGTERM, and nothing that it has started is left when we exit as it did', async () => {
    await using api = await PushingWorkloadApi.open(grant([web]));
    const line = `sleep 600 & echo $! > ${folder}/pid; trap 'exit 42' TERM; wait`;
    const running = keep(api.path, { service: service(line) });
    const pid = Number(await until(() => /\d+\n/.exec(readFileSync(join(folder, 'pid'), 'utf8'))?.[0]));
    deliver('SIGTERM');
    expect(await running).toBe(42);
    await until(() => !isAlive(pid) || undefined);
  });

  it('gets other signals too', async () => {
    await using api = await PushingWorkloadApi.open(grant([web]));
    const line = `trap 'echo usr2 >> ${folder}/out' USR2; trap 'exit 5' INT; echo up >> ${folder}/out; while :; do sleep 0.01; done`;
    const running = keep(api.path, { service: service(line) });
    const text = (wanted: string): Promise<true> =>
      until(() => readFileSync(join(folder, 'out'), 'utf8') === wanted || undefined);
    await text('up\n');
    deliver('SIGUSR2');
    await text('up\nusr2\n');
    deliver('SIGINT');
    expect(await running).toBe(5);
  });

  it('that has not begun yet gets none: they end us', async () => {
    const running = keep(join(folder, 'absent.sock'), { service: service('exit 1') });
    await seen('waiting');
    deliver('SIGTERM');
    expect(await running).toBe(0);
  });
});
