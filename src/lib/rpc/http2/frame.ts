import { Http2Error } from './http2-error.ts';

/** Frame types. RFC 9113, section 6. */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Frame flags. RFC 9113, section 6. */
export const FrameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** The largest frame payload that both sides accept unless they say otherwise, and this side never does. */
export const MAX_FRAME_BYTES = 16_384;

const HEADER_BYTES = 9;

/** One frame. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A frame as bytes. */
export function encodeHttp2Frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUIntBE(payload.length, 0, 3);
  frame[3] = type;
  frame[4] = flags;
  frame.writeUInt32BE(streamId, 5);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The frames that are whole with these bytes. Throws {@link Http2Error} for one that is too large. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= HEADER_BYTES) {
      const length = this.#pending.readUIntBE(0, 3);
      if (length > MAX_FRAME_BYTES) throw new Http2Error('frame-size', `frame of ${length} bytes`);
      const end = HEADER_BYTES + length;
      if (this.#pending.length < end) return;
      const frame = this.#pending;
      this.#pending = frame.subarray(end);
      yield {
        type: frame[3] ?? 0,
        flags: frame[4] ?? 0,
        streamId: frame.readUInt32BE(5) & 0x7fff_ffff,
        payload: frame.subarray(HEADER_BYTES, end),
      };
    }
  }
}

/** The payload of a DATA or HEADERS frame without padding and priority. RFC 9113, sections 6.1 and 6.2. */
export function unpad(frame: Frame): Buffer {
  let start = 0;
  let end = frame.payload.length;
  if ((frame.flags & FrameFlag.padded) !== 0) {
    end -= frame.payload[0] ?? 0;
    start = 1;
  }
  if (frame.type === FrameType.headers && (frame.flags & FrameFlag.priority) !== 0) start += 5;
  if (start > end) throw new Http2Error('protocol', 'padding longer than the frame');
  return frame.payload.subarray(start, end);
}
