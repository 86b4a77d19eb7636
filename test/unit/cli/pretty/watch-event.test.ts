import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatWatchEvent, watchEventJson } from '../../../../src/lib/cli/pretty/watch-event.ts';
import type { WatchEvent } from '../../../../src/lib/supervise/watch-event.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);
const WRITTEN: WatchEvent = {
  event: 'written',
  message: 'x509 changed',
  spiffeId: 'spiffe://example.org/web',
  changed: ['x509'],
  folder: '/run/id',
  expiresAtMs: NOW_MS + 3_600_000,
};

describe('an event', () => {
  it('is a line for people', () => {
    expect(formatWatchEvent(WRITTEN, NOW_MS)).toBe(
      '2026-01-01T12:00:00.000Z written spiffe://example.org/web: x509 changed (in /run/id, until 2026-01-01T13:00:00.000Z)\n',
    );
    expect(formatWatchEvent({ event: 'hook-failed', code: 'SPK-7104', message: 'no' }, NOW_MS)).toBe(
      '2026-01-01T12:00:00.000Z warning SPK-7104 hook-failed: no\n',
    );
  });

  it('is an object for programs', () => {
    expect(JSON.parse(watchEventJson({ ...WRITTEN, pid: 7, exitCode: 0, code: 'SPK-7101' }, NOW_MS))).toEqual({
      schema: 'watch-event/v1',
      time: '2026-01-01T12:00:00.000Z',
      event: 'written',
      message: 'x509 changed',
      code: 'SPK-7101',
      spiffe_id: 'spiffe://example.org/web',
      changed: ['x509'],
      folder: '/run/id',
      expires_at: '2026-01-01T13:00:00.000Z',
      pid: 7,
      exit_code: 0,
    });
  });

  it('is one line without control characters, whatever the agent says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (message) => {
        const line = formatWatchEvent({ event: 'waiting', message, folder: message }, NOW_MS);
        expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f]*\n$/);
        const json = watchEventJson({ event: 'waiting', message }, NOW_MS);
        expect(json.indexOf('\n')).toBe(json.length - 1);
        expect(JSON.parse(json)).toMatchObject({ schema: 'watch-event/v1', event: 'waiting' });
      }),
    );
  });
});
