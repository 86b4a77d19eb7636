import { describe, expect, it } from 'vitest';
import { Readiness } from '../../../src/lib/supervise/readiness.ts';

const ID = 'spiffe://example.org/web';

describe('readiness', () => {
  it('is there only while everything is written and has not expired', () => {
    const readiness = new Readiness();
    const reasons = (nowMs: number): readonly string[] => readiness.report(nowMs).reasons;
    expect(reasons(0)).toEqual(['nothing is written']);
    readiness.written({ spiffeId: ID, expiresAtMs: 100, missing: ['a token'] });
    expect(reasons(0)).toEqual(['a token is missing']);
    readiness.written({ spiffeId: ID, expiresAtMs: 100, missing: [] });
    expect(readiness.report(99)).toEqual({ isReady: true, reasons: [], spiffeId: ID, expiresAtMs: 100 });
    expect(reasons(100)).toEqual(['what is written has expired']);
    readiness.failed('no space left on device');
    expect(reasons(99)).toEqual(['no space left on device']);
    readiness.written({ spiffeId: ID, expiresAtMs: 200, missing: [] });
    expect(readiness.report(100).isReady).toBe(true);
    readiness.removed();
    expect(reasons(100)).toEqual(['nothing is written']);
  });
});
