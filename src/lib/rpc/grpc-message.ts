const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Percent-encodes a status message for the trailer `grpc-message`: everything but printable ASCII, and `%`. */
export function encodeGrpcMessage(message: string): string {
  if (!/[^ -$&-~]/.test(message)) return message;
  let out = '';
  for (const byte of Buffer.from(message, 'utf8')) {
    out +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/**
 * Reverses {@link encodeGrpcMessage}. Never fails, as the protocol asks: a `%` that starts no pair of hex digits stays,
 * bytes that are no UTF-8 become U+FFFD.
 */
export function decodeGrpcMessage(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  const bytes: number[] = [];
  const raw = Buffer.from(encoded, 'utf8');
  for (let i = 0; i < raw.byteLength; i++) {
    const pair = raw[i] === 0x25 ? raw.toString('latin1', i + 1, i + 3) : '';
    if (/^[0-9A-Fa-f]{2}$/.test(pair)) {
      bytes.push(Number.parseInt(pair, 16));
      i += 2;
    } else {
      bytes.push(raw[i] ?? 0);
    }
  }
  return utf8.decode(Uint8Array.from(bytes));
}
