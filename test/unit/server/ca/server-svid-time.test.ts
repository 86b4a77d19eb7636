import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { ServerSvidSource } from '../../../../src/lib/server/ca/server-svid.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { newWorld, startCa, type World } from './authority-world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The server's own SVID, and the moments at which it was replaced. */
async function open(world: World, ttlSeconds: number) {
  const running = await startCa(world, { x509SvidTtlSeconds: ttlSeconds, caTtlSeconds: 20 * 366 * 24 * 3600 });
  const { clock } = world;
  const deps = { ca: running.ca, keyType: 'ec-p256' as const, clock, log: silentLogger, metrics: NO_METRICS };
  const source = await ServerSvidSource.open(deps);
  const rotated = Promise.withResolvers<void>();
  let count = 0;
  source.onRotate(() => {
    count++;
    rotated.resolve();
  });
  return {
    rotated: rotated.promise,
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}

describe("the server's own SVID", () => {
  test('F15: is replaced at half of its life although the clock was set back', async () => {
    await using world = await newWorld();
    await using svid = await open(world, 3600);
    world.clock.jump(-60 * MINUTE_MS);
    world.clock.advance(31 * MINUTE_MS);
    await svid.rotated;
  });

  test('F16: is replaced at once after a sleep', async () => {
    await using world = await newWorld();
    await using svid = await open(world, 3600);
    world.clock.suspend(12 * 60 * MINUTE_MS);
    world.clock.advance(5000);
    await svid.rotated;
  });

  test.each([
    ['60 days', 60],
    ['10 years', 3652],
  ])('F15: that lives for %s is not replaced too early', async (_, days) => {
    await using world = await newWorld();
    await using svid = await open(world, days * 24 * 3600);
    world.clock.jump(days * 0.49 * DAY_MS);
    world.clock.advance(MINUTE_MS);
    expect(svid.count).toBe(0);
    world.clock.jump(days * 0.02 * DAY_MS);
    world.clock.advance(5000);
    await svid.rotated;
  });
});
