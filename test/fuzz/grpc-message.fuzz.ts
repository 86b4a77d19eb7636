import { decodeGrpcMessage, encodeGrpcMessage } from '../../src/lib/rpc/grpc-message.ts';

/** Any text is encoded as printable ASCII and comes back; any header is decoded as percent-encoding says. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const encoded = encodeGrpcMessage(text);
  if (!/^[ -~]*$/.test(encoded)) throw new Error('a header that is not printable ASCII');
  if (decodeGrpcMessage(encoded) !== text) throw new Error('a message was changed');
  const raw = Buffer.from(text, 'utf8').toString('latin1');
  const unescaped = raw.replace(/%([0-9A-Fa-f]{2})/g, (_, pair: string) =>
    String.fromCharCode(Number.parseInt(pair, 16)),
  );
  const expected = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(unescaped, 'latin1'));
  if (decodeGrpcMessage(text) !== expected) throw new Error('not what percent-encoding says');
}
