import { FrameDecoder } from '../../src/lib/rpc/frames.ts';
import { decodeGrpcMessage, encodeGrpcMessage } from '../../src/lib/rpc/grpc-message.ts';
import { parseStartTime } from '../../src/lib/rpc/process-watch.ts';
import { RpcError } from '../../src/lib/rpc/status.ts';

const LIMIT = 1024;

/**
 * A stream of gRPC frames gives the same messages whole and byte by byte, none over the limit, and is refused the same
 * way. Status messages and process tables are read without failing.
 */
export function target(bytes: Uint8Array): void {
  const whole = decode([bytes]);
  const single = decode(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)));
  if (JSON.stringify(whole) !== JSON.stringify(single)) throw new Error('cutting the stream changed what it says');
  if (whole.messages.some((message) => message.length > 2 * LIMIT)) throw new Error('a message is over the limit');
  const text = Buffer.from(bytes).toString('utf8');
  if (decodeGrpcMessage(encodeGrpcMessage(text)) !== text) throw new Error('a status message was changed');
  decodeGrpcMessage(text);
  if (!/^\d+$/.test(parseStartTime(text) ?? '0')) throw new Error('a start time is no number');
}

function decode(chunks: readonly Uint8Array[]): { messages: string[]; end: string } {
  const decoder = new FrameDecoder(LIMIT);
  const messages: string[] = [];
  try {
    for (const chunk of chunks) {
      for (const message of decoder.push(chunk)) messages.push(Buffer.from(message).toString('hex'));
    }
  } catch (error) {
    if (error instanceof RpcError) return { messages, end: error.message };
    throw error;
  }
  return { messages, end: decoder.isInMessage ? 'unfinished' : 'done' };
}
