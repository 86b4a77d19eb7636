import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { ServerSvidSource } from '../../../../src/lib/server/ca/server-svid.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { newWorld, type RunningCa, rootsOf, startCa, type World } from './authority-world.ts';

const HOUR_MS = 60 * 60 * 1000;

/** A source on its CA, which counts how often it replaced the SVID. */
async function openSource({ clock }: World, { ca }: RunningCa) {
  const source = await ServerSvidSource.open({
    ca,
    keyType: 'ec-p256',
    clock,
    log: silentLogger,
    metrics: NO_METRICS,
  });
  let replaced = 0;
  let wake = (): void => {};
  source.onRotate(() => {
    replaced += 1;
    wake();
  });
  return {
    source,
    count: () => replaced,
    /** Resolves at the next replacement. */
    next: () => new Promise<void>((resolve) => (wake = resolve)),
    issuer: () => Buffer.from(source.current.certificates[0]?.authorityKeyId ?? []).toString('hex'),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** Moves on and has what is under way end. */
async function pass({ clock }: World, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    clock.advance(Math.min(left, 100));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the server’s own SVID', () => {
  test('is replaced at half its life', async () => {
    await using world = await newWorld();
    await using running = await startCa(world);
    await using own = await openSource(world, running);
    // Dated back by 10 s.
    world.clock.advance((HOUR_MS + 10_000) / 2 - 10_000 - 2_000);
    await pass(world, 1_900);
    expect(own.count()).toBe(0);
    const replaced = own.next();
    world.clock.advance(100);
    await replaced;
    expect(own.count()).toBe(1);
  });

  test('is not made again and again while its issuer is about to end', async () => {
    await using world = await newWorld();
    await using running = await startCa(world, { caTtlSeconds: 60 });
    world.clock.advance(49_000);
    await running.manager.settled();
    await using own = await openSource(world, running);
    // More than half of its life is over when it is made, since it is dated back.
    const replaced = own.next();
    await pass(world, 900);
    expect(own.count()).toBe(0);
    world.clock.advance(100);
    await replaced;
    expect(own.count()).toBe(1);
  });

  test('is left alone when another authority is tainted, and replaced at once when its own is', async () => {
    await using world = await newWorld();
    await using running = await startCa(world);
    await using own = await openSource(world, running);
    const first = own.issuer();
    await running.manager.x509.prepare();
    await running.manager.x509.rotate();
    const [old, fresh] = await rootsOf(world);
    if (old === undefined || fresh === undefined) throw new Error('no roots');
    own.source.taint(fresh);
    await pass(world, 100);
    expect(own.issuer()).toBe(first);
    const replaced = own.next();
    own.source.taint(old);
    world.clock.advance(0);
    await replaced;
    expect(own.issuer()).toBe(running.manager.x509.current.authority?.authorityId);
  });

  test('is tried again when it could not be made, until it can', async () => {
    await using world = await newWorld();
    await using running = await startCa(world, { caTtlSeconds: 60 });
    await using own = await openSource(world, running);
    // The CA has ended too, and the server learns of both at its next look.
    world.clock.suspend(120_000);
    await pass(world, 5_100);
    expect(own.count()).toBe(0);
    while (own.count() === 0) await pass(world, 1_000);
    expect(own.issuer()).toBe(running.manager.x509.current.authority?.authorityId);
  });
});
