import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Http2Error } from '../../../../src/lib/rpc/http2/http2-error.ts';
import { ReceiveWindows } from '../../../../src/lib/rpc/http2/receive-windows.ts';

const LIMITS = { streamWindowBytes: 100, connectionWindowBytes: 250 };

describe('ReceiveWindows', () => {
  it('refuses more than a stream has room for', () => {
    const windows = new ReceiveWindows(LIMITS, () => {});
    windows.received(1, 100);
    expect(() => windows.received(1, 1)).toThrow(Http2Error);
  });

  it('refuses more than the connection has room for', () => {
    const windows = new ReceiveWindows(LIMITS, () => {});
    for (const id of [1, 3]) windows.received(id, 100);
    expect(() => windows.received(5, 51)).toThrow(Http2Error);
  });

  it('gives room back when half of a window was read, and when a stream is dropped', () => {
    const opened: string[] = [];
    const windows = new ReceiveWindows(LIMITS, (id, bytes) => opened.push(`${id}+${bytes}`));
    windows.received(1, 100);
    windows.consumed(1, 49, false);
    expect(opened).toEqual([]);
    windows.consumed(1, 1, false);
    expect(opened).toEqual(['1+50']);
    windows.received(3, 100);
    windows.forget(3);
    expect(opened).toEqual(['1+50', '0+150']);
  });

  it('never starves a peer that keeps to its windows, and never lets one exceed them', () => {
    const steps = fc.array(
      fc.record({ id: fc.constantFrom(1, 3, 5, 7), kind: fc.constantFrom('send', 'read', 'drop'), bytes: fc.nat(60) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const room = new Map([[0, LIMITS.connectionWindowBytes]]);
        const unread = new Map<number, number>();
        const roomOf = (id: number): number => room.get(id) ?? LIMITS.streamWindowBytes;
        const windows = new ReceiveWindows(LIMITS, (id, bytes) => room.set(id, roomOf(id) + bytes));
        for (const { id, kind, bytes } of list) {
          const waiting = unread.get(id) ?? 0;
          if (kind === 'send') {
            const sent = Math.min(bytes, roomOf(id), roomOf(0));
            room.set(id, roomOf(id) - sent);
            room.set(0, roomOf(0) - sent);
            unread.set(id, waiting + sent);
            windows.received(id, sent);
          } else if (kind === 'read') {
            const read = Math.min(bytes, waiting);
            unread.set(id, waiting - read);
            windows.consumed(id, read, false);
          } else {
            // The stream is over; another one of its kind takes its place.
            windows.forget(id);
            unread.delete(id);
            room.delete(id);
          }
          expect(roomOf(0)).toBeLessThanOrEqual(LIMITS.connectionWindowBytes);
        }
        for (const id of unread.keys()) windows.forget(id);
        expect(roomOf(0)).toBeGreaterThan(LIMITS.connectionWindowBytes / 2);
      }),
    );
  });
});
