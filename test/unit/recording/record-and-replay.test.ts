import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { generateKey, privateKeyToPkcs8 } from '../../../src/lib/crypto/key.ts';
import { Recorder } from '../../../src/lib/recording/recorder.ts';
import { recordConversation } from '../../../src/lib/recording/recording-client.ts';
import { RecordingProxy } from '../../../src/lib/recording/recording-proxy.ts';
import { parseRecording } from '../../../src/lib/recording/recording-text.ts';
import { ReplayServer } from '../../../src/lib/recording/replay-server.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import type { Clock } from '../../../src/lib/runtime/clock.ts';
import { SpiffeWorkloadAPIDefinition, type X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { WorkloadApiClient } from '../../../src/lib/workloadapi/client.ts';
import { parseX509Context } from '../../../src/lib/workloadapi/x509-context.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { NOW_MS } from '../crypto/test-ca.ts';
import { PushingWorkloadApi } from '../workloadapi/pushing-workload-api.ts';
import { grant, makeIdentity, serveWorkloadApi } from '../workloadapi/serve-workload-api.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const recorderOf = (clock: Clock, maxBytes = 1_000_000): Recorder =>
  new Recorder({ clock, version: '1.0.0', pseudonyms: false, maxBytes });

/** The certificate of the first SVID, as certificates are here. */
const leafOf = (answer: X509SVIDResponse | undefined): Uint8Array => Buffer.from(answer?.svids[0]?.x509Svid ?? []);

/** The bytes of a key in every form in which they could have been written down. */
function forms(bytes: Uint8Array): string[] {
  const all = Buffer.from(bytes);
  const inner = all.subarray(36, 68);
  return [all, inner].flatMap((each) => [
    each.toString('base64').slice(4, -4),
    each.toString('base64url').slice(4, -4),
    each.toString('hex'),
  ]);
}

describe('a conversation through the proxy', () => {
  test('is passed on as it is, recorded without its keys, and served again in its order and pace', async () => {
    const clock = new ManualClock(NOW_MS);
    const first = await makeIdentity('/web');
    const second = await makeIdentity('/web', first.root);
    await using agent = await PushingWorkloadApi.open(grant([first]));
    const recorder = recorderOf(clock);
    const proxyPath = join(folder, 'proxy.sock');
    await using proxy = await RecordingProxy.open({
      socketPath: proxyPath,
      socketMode: 0o600,
      target: { kind: 'unix', path: agent.path },
      recorder,
    });
    await using application = new WorkloadApiClient({ kind: 'unix', path: proxyPath });
    const leave = new AbortController();
    const stream = application.watchX509Svid({ signal: leave.signal })[Symbol.asyncIterator]();
    expect(leafOf((await stream.next()).value)).toEqual(first.leaf.certificate.der);
    clock.advance(30_000);
    agent.push(grant([second]));
    expect(leafOf((await stream.next()).value)).toEqual(second.leaf.certificate.der);
    leave.abort();
    await stream.next().catch(() => undefined);
    await proxy[Symbol.asyncDispose]();
    const text = await recorder.finish();

    for (const { leaf, root } of [first, second]) {
      for (const key of [leaf.key, root.key]) {
        for (const form of forms(privateKeyToPkcs8(key))) expect(text).not.toContain(form);
      }
      expect(text).not.toContain(Buffer.from(leaf.certificate.publicKeyDer).toString('base64').slice(40));
    }
    const recording = parseRecording(text);
    expect(recording.events.map((event) => [event.event, event.at_ms])).toEqual([
      ['call', 0],
      ['answer', 0],
      ['answer', 30_000],
      ['end', 30_000],
      ['stop', 30_000],
    ]);

    // A month later.
    const later = new ManualClock(NOW_MS + 30 * 86_400_000);
    const replayPath = join(folder, 'replay.sock');
    await using _server = await ReplayServer.open({
      recording,
      socketPath: replayPath,
      socketMode: 0o600,
      speed: 10,
      clock: later,
    });
    await using reader = new WorkloadApiClient({ kind: 'unix', path: replayPath });
    const played = reader.watchX509Svid()[Symbol.asyncIterator]();
    const one = parseX509Context((await played.next()).value ?? grant([]));
    await vi.waitFor(() => expect(later.isAwaited(3_000)).toBe(true));
    later.advance(3_000);
    const two = parseX509Context((await played.next()).value ?? grant([]));
    await played.return?.();
    const [a, b] = [one.svids[0], two.svids[0]];
    expect(String(a?.id)).toBe('spiffe://example.org/web');
    expect(b?.certificates[0]?.equals(a?.certificates[0] ?? first.leaf.certificate)).toBe(false);
    for (const svid of [a, b]) {
      expect(svid?.certificates[0]?.notAfterMs).toBe(first.leaf.certificate.notAfterMs + 30 * 86_400_000);
    }
  });

  test('that lacks the security header is refused as by an agent, and recorded', async () => {
    const recorder = recorderOf(new ManualClock(NOW_MS));
    await using agent = await PushingWorkloadApi.open(grant([await makeIdentity('/web')]));
    const socketPath = join(folder, 'proxy.sock');
    const target = { kind: 'unix', path: agent.path } as const;
    await using _proxy = await RecordingProxy.open({ socketPath, socketMode: 0o600, target, recorder });
    await using rpc = new RpcClient({ kind: 'unix', path: socketPath });
    const call = rpc.serverStream(SpiffeWorkloadAPIDefinition, 'fetchX509SVID', {})[Symbol.asyncIterator]();
    await expect(call.next()).rejects.toThrow('security header missing from request');
    expect(parseRecording(await recorder.finish()).events).toMatchObject([
      { event: 'call', security_header: [] },
      { event: 'end', status: 3, by: 'server' },
      { event: 'stop' },
    ]);
  });

  test('is recorded with the errors of the agent, which are served again', async () => {
    const clock = new ManualClock(NOW_MS);
    await using agent = await serveWorkloadApi({
      // biome-ignore lint/correctness/useYield: a stream that is refused
      async *fetchX509SVID() {
        throw new RpcError(RpcCode.permissionDenied, 'no identity issued');
      },
    });
    const recorder = recorderOf(clock);
    await using client = new WorkloadApiClient({ kind: 'unix', path: agent.path });
    await recordConversation(client, recorder, { audience: ['x'], signal: new AbortController().signal });
    const recording = parseRecording(await recorder.finish());
    const ends = recording.events
      .flatMap((event) => (event.event === 'end' ? [event] : []))
      .sort((a, b) => a.call - b.call);
    expect(ends).toMatchObject([
      { status: 7, message: 'no identity issued', by: 'server' },
      { status: 12, by: 'server' },
      { status: 12, by: 'server' },
      { status: 12, by: 'server' },
    ]);
    await using replay = await ReplayServer.open({
      recording,
      socketPath: join(folder, 's.sock'),
      socketMode: 0o600,
      speed: 1,
      clock: new ManualClock(NOW_MS),
    });
    await using reader = new WorkloadApiClient({ kind: 'unix', path: join(folder, 's.sock') });
    await expect(reader.fetchX509Svid()).rejects.toThrow('no identity issued');
    await expect(reader.fetchJwtSvid({ audience: ['x'] })).rejects.toMatchObject({ status: 12 });
    expect(replay.finished.aborted).toBe(false);
  });
});

describe('an SVID with the wrong key', () => {
  test('has the wrong key when it is served again', async () => {
    const clock = new ManualClock(NOW_MS);
    const identity = await makeIdentity('/web');
    const granted = grant([identity]);
    const other = privateKeyToPkcs8(await generateKey('ec-p256'));
    await using agent = await serveWorkloadApi({
      async *fetchX509SVID() {
        yield { ...granted, svids: granted.svids.map((svid) => ({ ...svid, x509SvidKey: other })) };
      },
    });
    const recorder = recorderOf(clock);
    await using client = new WorkloadApiClient({ kind: 'unix', path: agent.path });
    await recordConversation(client, recorder, { audience: [], signal: new AbortController().signal });
    const recording = parseRecording(await recorder.finish());
    await using _server = await ReplayServer.open({
      recording,
      socketPath: join(folder, 's.sock'),
      socketMode: 0o600,
      speed: 1,
      clock,
    });
    await using reader = new WorkloadApiClient({ kind: 'unix', path: join(folder, 's.sock') });
    const answer = await reader.fetchX509Svid();
    expect(() => parseX509Context(answer)).toThrow(expect.objectContaining({ code: 'invalid-x509-svid' }));
  });
});

describe('a recording without room', () => {
  test('ends there and says so', async () => {
    const clock = new ManualClock(NOW_MS);
    let isFull = false;
    const recorder = new Recorder({
      clock,
      version: '1',
      pseudonyms: false,
      maxBytes: 600,
      onFull: () => {
        isFull = true;
      },
    });
    const call = recorder.begin('FetchJWTBundles', { kind: 'none' }, ['true']);
    for (let count = 0; count < 10; count += 1)
      call.answer({ kind: 'jwt_bundles', bundles: { 'spiffe://example.org': { keys: [] } } });
    const text = await recorder.finish();
    expect(text.length).toBeLessThan(800);
    expect(parseRecording(text).events.at(-1)).toMatchObject({ event: 'stop', reason: 'size' });
    expect(isFull).toBe(true);
  });
});
