import { Duplex } from 'node:stream';
import { FrameReader } from '../../src/lib/rpc/http2/frame.ts';
import { HpackDecoder } from '../../src/lib/rpc/http2/hpack-decoder.ts';
import { Http2Error } from '../../src/lib/rpc/http2/http2-error.ts';
import { LightSession } from '../../src/lib/rpc/http2/light-session.ts';

/** A socket whose other end says what the fuzzer says. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
  destroySoon(): void {}
  unref(): this {
    return this;
  }
}

/**
 * Whatever a server sends, header blocks are read or refused, frames do not depend on how the stream is cut, and a
 * session ends each of its streams at most once and holds no more data than its windows.
 */
export function target(bytes: Uint8Array): void {
  const input = Buffer.from(bytes);
  readHeaders(input);
  const whole = frames([input]);
  const single = frames(Array.from(input, (_, i) => input.subarray(i, i + 1)));
  if (whole !== single) throw new Error('cutting the stream changed its frames');
  answer(input);
}

function readHeaders(input: Buffer): void {
  try {
    for (const [name] of new HpackDecoder().decode(input)) if (typeof name !== 'string') throw new Error('no name');
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
  }
}

function frames(chunks: readonly Buffer[]): string {
  const reader = new FrameReader();
  const seen: string[] = [];
  try {
    for (const chunk of chunks) {
      for (const { type, flags, streamId, payload } of reader.push(chunk)) {
        seen.push(`${type} ${flags} ${streamId} ${payload.toString('hex')}`);
      }
    }
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    seen.push(error.message);
  }
  return seen.join('\n');
}

const WINDOWS = { streamWindowBytes: 70_000, connectionWindowBytes: 100_000 };

function answer(input: Buffer): void {
  const wire = new Wire();
  const session = new LightSession(wire, WINDOWS);
  session.on('error', () => {});
  const held = session.request({ ':method': 'POST', ':path': '/a' });
  held.pause();
  let ends = 0;
  for (const stream of [session.request({ ':method': 'POST', ':path': '/b' }), held]) {
    stream.on('error', () => {});
    stream.on('close', () => {
      ends += 1;
    });
    stream.end(Buffer.alloc(100));
  }
  wire.emit('data', input);
  session.destroy();
  // A response that had come whole waits for its reader.
  held.close();
  if (ends !== 2) throw new Error(`two streams ended ${ends} times`);
}
