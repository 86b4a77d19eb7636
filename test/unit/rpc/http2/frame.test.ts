import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeHttp2Frame,
  FrameFlag,
  FrameReader,
  FrameType,
  MAX_FRAME_BYTES,
  unpad,
} from '../../../../src/lib/rpc/http2/frame.ts';
import { Http2Error } from '../../../../src/lib/rpc/http2/http2-error.ts';
import { decodeHuffman } from '../../../../src/lib/rpc/http2/huffman.ts';
import { encodeHuffman } from '../../../support/huffman-encoder.ts';

const payload = fc.uint8Array({ maxLength: 300 });
const frame = fc.record({ type: fc.nat(255), flags: fc.nat(255), streamId: fc.nat(2 ** 31 - 1), payload });

describe('frames', () => {
  it('come back from their bytes, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 5 }), (frames, cuts) => {
        const stream = Buffer.concat(
          frames.map((each) => encodeHttp2Frame(each.type, each.flags, each.streamId, each.payload)),
        );
        const places = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
        const reader = new FrameReader();
        const read = places.flatMap((end, index) => [...reader.push(stream.subarray(places[index - 1] ?? 0, end))]);
        expect(read.map((each) => ({ ...each, payload: Uint8Array.from(each.payload) }))).toEqual(frames);
      }),
    );
  });

  it('lose their padding and nothing else', () => {
    fc.assert(
      fc.property(payload, fc.nat(255), fc.boolean(), (data, padding, hasPriority) => {
        const priority = hasPriority ? Buffer.alloc(5) : Buffer.alloc(0);
        const padded = Buffer.concat([Buffer.of(padding), priority, data, Buffer.alloc(padding)]);
        const flags = FrameFlag.padded | (hasPriority ? FrameFlag.priority : 0);
        const given = { type: FrameType.headers, flags, streamId: 1, payload: padded };
        expect(Uint8Array.from(unpad(given))).toEqual(data);
        const short = { ...given, payload: padded.subarray(0, Math.max(1, padding)) };
        if (padding > 0) expect(() => unpad(short)).toThrow(Http2Error);
      }),
    );
  });

  it('over the limit are refused by their length alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: MAX_FRAME_BYTES + 1, max: 2 ** 24 - 1 }), (length) => {
        const header = Buffer.alloc(9);
        header.writeUIntBE(length, 0, 3);
        expect(() => [...new FrameReader().push(header)]).toThrow(Http2Error);
      }),
    );
  });
});

describe('the Huffman code', () => {
  it('is read back from what an encoder of its own writes', () => {
    const octets = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(octets, (text) => {
        expect(decodeHuffman(encodeHuffman(text))).toBe(text);
      }),
    );
  });

  it('has one spelling for each text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        let text: string;
        try {
          text = decodeHuffman(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Http2Error);
          return;
        }
        expect(Buffer.from(encodeHuffman(text))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 1_000 },
    );
  });
});
