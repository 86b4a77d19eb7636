import { describe, expect, it } from 'vitest';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { FeedFailures } from '../../../src/lib/supervise/feed-failures.ts';

const refused = new SpirekitError('permission-denied', 'no identity issued');
const gone = new SpirekitError('unavailable', 'nothing listens');

describe('failures of the agent', () => {
  it('are told once each, and when they are over', () => {
    const told: string[] = [];
    const failures = new FeedFailures(({ event, code }) => told.push(`${event} ${code ?? ''}`.trim()));
    const fail = (error: SpirekitError, hasIdentity: boolean): boolean =>
      failures.failed('x509', error, { hasIdentity, removes: false });
    for (let time = 0; time < 3; time += 1) expect(fail(refused, false)).toBe(false);
    expect(failures.lastError).toBe(refused);
    failures.answered('x509');
    expect(failures.lastError).toBeUndefined();
    failures.answered('x509');
    for (let time = 0; time < 3; time += 1) expect(fail(gone, true)).toBe(false);
    for (let time = 0; time < 3; time += 1) expect(fail(refused, true)).toBe(true);
    failures.answered('jwt');
    failures.answered('x509');
    expect(told).toEqual(['waiting', 'reconnected', 'stream-failed SPK-7108', 'revoked SPK-7101', 'reconnected']);
  });
});
