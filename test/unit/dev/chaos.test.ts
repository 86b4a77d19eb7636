import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { CHAOS_DEFAULTS, type ChaosKind, checkChaos, parseChaos } from '../../../src/lib/dev/chaos.ts';
import { ChaosRun, type ChaosTarget } from '../../../src/lib/dev/chaos-run.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const kinds = Object.keys(CHAOS_DEFAULTS) as ChaosKind[];

describe('parseChaos', () => {
  test('reads a kind, with a time or without', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.integer({ min: 100, max: 86_400_000 }), (kind, ms) => {
        expect(parseChaos(`${kind}=${ms}ms`)).toEqual({ kind, ms });
        expect(parseChaos(kind)).toEqual({ kind, ms: CHAOS_DEFAULTS[kind] });
      }),
    );
  });

  test('refuses anything else, and what does not go together, as usage', () => {
    const words = fc.oneof(
      fc.string(),
      fc.constantFrom(...kinds),
      fc.constantFrom('rotate=1ms', 'drop=48h', 'slow=', 'toString'),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 3 }), (texts) => {
        try {
          checkChaos(texts.map(parseChaos));
        } catch (error) {
          expect(SpirekitError.from(error).code).toBe('usage');
        }
      }),
    );
    expect(() => parseChaos('rotate=1ms')).toThrow('from 100ms to 24h');
    expect(() => parseChaos('explode')).toThrow('none of expire, revoke, slow, drop, rotate');
    expect(() => checkChaos([parseChaos('expire'), parseChaos('rotate')])).toThrow('chaos rotate needs');
    expect(() => checkChaos([parseChaos('slow'), parseChaos('slow=5s')])).toThrow('given twice');
  });
});

/** Writes down what is done to it. */
class Target implements ChaosTarget {
  readonly done: string[] = [];
  hasEntries = true;

  stopServer = async (): Promise<void> => void this.done.push('stop server');
  stopAgent = async (): Promise<void> => void this.done.push('stop agent');
  startAgent = async (): Promise<void> => void this.done.push('start agent');
  deleteEntries = async (): Promise<void> => void this.done.push('delete entries');
  createEntries = async (): Promise<void> => void this.done.push('create entries');
  renewSvids = async (): Promise<boolean> => {
    if (this.hasEntries) this.done.push('renew');
    return this.hasEntries;
  };
}

describe('chaos', () => {
  async function during(texts: readonly string[], stepsMs: readonly number[], target = new Target()) {
    const clock = new ManualClock();
    const said: string[] = [];
    await using _run = new ChaosRun(texts.map(parseChaos), target, { clock, say: (line) => said.push(line) });
    for (const ms of stepsMs) {
      await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
      clock.advance(ms);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { said, done: target.done };
  }

  test('revokes, gives back, and says so', async () => {
    const { said, done } = await during(['revoke=10s'], [10_000, 10_000, 10_000]);
    expect(done).toEqual(['delete entries', 'create entries', 'delete entries']);
    expect(said).toEqual([
      'chaos revoke after 10.0s: entries deleted: callers get PermissionDenied',
      'chaos revoke after 20.0s: entries created again',
      'chaos revoke after 30.0s: entries deleted: callers get PermissionDenied',
    ]);
  });

  test('drops the agent and brings it back a second later', async () => {
    const { said, done } = await during(['drop=1m'], [60_000, 1_000, 60_000]);
    expect(done).toEqual(['stop agent', 'start agent', 'stop agent']);
    expect(said[1]).toBe('chaos drop after 61.0s: the agent is back');
  });

  test('ends the server once', async () => {
    const { done } = await during(['expire=5s'], [5_000]);
    expect(done).toEqual(['stop server']);
  });

  test('renews SVIDs again and again, but not where there are none', async () => {
    expect((await during(['rotate=2s'], [2_000, 2_000])).done).toEqual(['renew', 'renew']);
    const target = new Target();
    target.hasEntries = false;
    expect((await during(['rotate=2s'], [2_000, 2_000], target)).said).toEqual([]);
  });

  test('says what keeps it from going on', async () => {
    const target = new Target();
    target.renewSvids = () => Promise.reject(new SpirekitError('unavailable', 'nobody there'));
    expect((await during(['rotate=2s'], [2_000], target)).said).toEqual([
      'chaos rotate after 2.0s: ended: nobody there',
    ]);
  });
});
