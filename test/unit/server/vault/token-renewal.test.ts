import { expect, test, vi } from 'vitest';
import { DaemonLogger } from '../../../../src/lib/runtime/logger.ts';
import { TokenRenewal } from '../../../../src/lib/server/vault/token-renewal.ts';
import type { VaultToken } from '../../../../src/lib/server/vault/vault-answer.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

type Lease = Pick<VaultToken, 'leaseSeconds' | 'isRenewable'>;

/** A renewal whose answers a test gives, one after another; the last one stays. */
function renewalOf(lease: Lease, answers: readonly (number | Error)[] = []) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const events: string[] = [];
  const left = [...answers];
  const renewal = new TokenRenewal(lease, {
    renew: async () => {
      events.push('renew');
      const answer = left.length > 1 ? left.shift() : left[0];
      if (typeof answer === 'number') return { token: 't', leaseSeconds: answer, isRenewable: true };
      throw answer ?? new Error('nobody asked for this');
    },
    onEnd: () => void events.push('end'),
    clock,
    log: new DaemonLogger({
      output: { write: (line) => void lines.push(line), reopen() {}, [Symbol.dispose]() {} },
      clock,
      level: 'debug',
    }),
  });
  /** Waits until what fell due is done: either it waits again or it is over. */
  const advance = async (seconds: number): Promise<void> => {
    clock.advance(seconds * 1000);
    await vi.waitFor(() => expect(clock.pending > 0 || events.at(-1) === 'end').toBe(true));
  };
  return { renewal, clock, events, lines, advance };
}

test('a token that never ends is left alone', () => {
  const { clock } = renewalOf({ leaseSeconds: 0, isRenewable: false });
  expect(clock.pending).toBe(0);
});

test('a token is renewed after two thirds of its lease, again and again', async () => {
  const { events, advance } = renewalOf({ leaseSeconds: 3600, isRenewable: true }, [3600]);
  await advance(2399);
  expect(events).toEqual([]);
  await advance(2);
  await advance(2401);
  expect(events).toEqual(['renew', 'renew']);
});

test('one that cannot be renewed ends a little before Vault ends it', async () => {
  const { events, advance } = renewalOf({ leaseSeconds: 600, isRenewable: false });
  await advance(594);
  expect(events).toEqual([]);
  await advance(1);
  expect(events).toEqual(['end']);
});

test('a renewal that fails is tried again until the end comes near', async () => {
  const { events, lines, advance } = renewalOf({ leaseSeconds: 600, isRenewable: true }, [new Error('away'), 600]);
  await advance(400);
  expect(events).toEqual(['renew']);
  expect(lines.join('')).toContain('msg="Failed to renew auth token" error=away');
  await advance(49);
  expect(events).toEqual(['renew', 'renew']);
  await advance(400);
  expect(events).toEqual(['renew', 'renew', 'renew']);
});

test('when all renewals fail the token ends, and no timer is left', async () => {
  const { events, clock, advance } = renewalOf({ leaseSeconds: 600, isRenewable: true }, [new Error('away')]);
  for (let i = 0; i < 60 && events.at(-1) !== 'end'; i += 1) await advance(30);
  expect(events.at(-1)).toBe('end');
  expect(clock.pending).toBe(0);
});

test('a lease that the longest life of the token cuts short is not renewed for ever', async () => {
  const { events, advance } = renewalOf({ leaseSeconds: 60, isRenewable: true }, [60, 9]);
  await advance(40);
  await advance(40);
  expect(events).toEqual(['renew', 'renew']);
  await advance(10);
  expect(events).toEqual(['renew', 'renew', 'end']);
});

test('nothing happens after it was disposed of', () => {
  const { renewal, clock, events } = renewalOf({ leaseSeconds: 60, isRenewable: true }, [60]);
  renewal[Symbol.dispose]();
  clock.advance(3_600_000);
  expect(events).toEqual([]);
});
