import { encodeHeaders } from '../../../src/lib/rpc/http2/header-encoder.ts';
import type { HeaderField } from '../../../src/lib/rpc/http2/hpack-decoder.ts';

/** Frame types (RFC 9113, section 6). */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

/** Flags. */
export const END_STREAM = 1;
export const END_HEADERS = 4;

/** An HTTP/2 frame (RFC 9113, section 4.1), right or wrong. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Four bytes, as many payloads have. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** What a client says first, with settings of one parameter. */
export function opening(parameter?: readonly [id: number, value: number]): Buffer {
  const settings =
    parameter === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.of(0, parameter[0]), uint32(parameter[1])]);
  return Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0, settings)]);
}

/** The header block of a gRPC call. */
export function callHeaders(path: string, more: readonly HeaderField[] = []): Buffer {
  return encodeHeaders([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ['workload.spiffe.io', 'true'],
    ...more,
  ]);
}

/** The frames that begin a call; `flags` are added to those of the headers. */
export function beginCall(path: string, streamId: number, flags = 0, more: readonly HeaderField[] = []): Buffer {
  return frame(HEADERS, END_HEADERS | flags, streamId, callHeaders(path, more));
}

/** Five bytes before a message: flags and length. */
export function messagePrefix(length: number, flags = 0): Buffer {
  return Buffer.concat([Buffer.of(flags), uint32(length)]);
}

/** Odd numbers from 1: the streams of a client. */
export function* streamIds(count: number): Generator<number, void, undefined> {
  for (let index = 0; index < count; index += 1) yield 2 * index + 1;
}
