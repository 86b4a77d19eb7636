import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../../src/lib/rpc/frames.ts';

/** Cuts bytes at the given places, in whatever order they are. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...places].map((place) => place % (bytes.byteLength + 1)).sort((a, b) => a - b);
  return [0, ...sorted].map((start, i) => bytes.subarray(start, sorted[i] ?? bytes.byteLength));
}

describe('FrameDecoder', () => {
  it('gives the messages back however the stream of frames is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.array(fc.nat()), (messages, places) => {
        const stream = Buffer.concat(messages.map((message) => encodeFrame(message)));
        const decoder = new FrameDecoder(300);
        const decoded = cut(stream, places).flatMap((chunk) => [...decoder.push(chunk)]);
        expect(decoded.map((each) => [...each])).toEqual(messages.map((each) => [...each]));
        expect(decoder.isInMessage).toBe(false);
      }),
    );
  });

  it('knows an unfinished message', () => {
    const decoder = new FrameDecoder(10);
    expect([...decoder.push(Buffer.from([0, 0, 0, 0, 2, 7]))]).toEqual([]);
    expect(decoder.isInMessage).toBe(true);
    expect([...decoder.push(Buffer.from([8]))].map((each) => [...each])).toEqual([[7, 8]]);
    expect(decoder.isInMessage).toBe(false);
  });

  it('refuses a message over the limit as soon as its length is known', () => {
    const decoder = new FrameDecoder(10);
    expect(() => [...decoder.push(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))]).toThrow(
      'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (4294967295 vs. 10)',
    );
  });

  it('begins a message of which more comes', () => {
    const begun = Buffer.concat([encodeFrame(Uint8Array.of(1, 2), 1), Uint8Array.of(3)]);
    expect(begun).toEqual(encodeFrame(Uint8Array.of(1, 2, 3)));
  });

  it('takes a message at the limit', () => {
    expect([...new FrameDecoder(3).push(encodeFrame(Uint8Array.of(1, 2, 3)))]).toHaveLength(1);
  });

  it('gives the messages before one that it refuses', () => {
    const stream = Buffer.concat([encodeFrame(Uint8Array.of(7)), Buffer.from([9, 0, 0, 0, 0])]);
    const messages: number[][] = [];
    expect(() => {
      for (const message of new FrameDecoder(10).push(stream)) messages.push([...message]);
    }).toThrow('unexpected payload format 9');
    expect(messages).toEqual([[7]]);
  });

  it.each([
    [1, '', 'grpc: compressed flag set with identity or empty encoding'],
    [1, 'identity', 'grpc: compressed flag set with identity or empty encoding'],
    [1, 'gzip', 'grpc: Decompressor is not installed for grpc-encoding "gzip"'],
    [7, '', 'grpc: received unexpected payload format 7'],
  ])('refuses flag byte %i with encoding "%s"', (flags, encoding, text) => {
    const decoder = new FrameDecoder(10, { encoding: () => encoding });
    expect(() => [...decoder.push(Buffer.from([flags, 0, 0, 0, 0]))]).toThrow(
      `rpc error: code = Internal desc = ${text}`,
    );
  });
});
