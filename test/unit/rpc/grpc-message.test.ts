import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeGrpcMessage, encodeGrpcMessage } from '../../../src/lib/rpc/grpc-message.ts';

describe('grpc-message', () => {
  it('comes back from its encoding, which is printable ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const encoded = encodeGrpcMessage(text);
        expect(encoded).toMatch(/^[ -~]*$/);
        expect(decodeGrpcMessage(encoded)).toBe(text);
      }),
    );
  });

  it('encodes as Go does', () => {
    expect(encodeGrpcMessage('no identity issued')).toBe('no identity issued');
    expect(encodeGrpcMessage('50% ü\n')).toBe('50%25 %C3%BC%0A');
  });

  it('decodes anything at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', '4', 'F', 'g', 'é', ' ') }), (text) => {
        expect(typeof decodeGrpcMessage(text)).toBe('string');
      }),
    );
    expect(decodeGrpcMessage('a%20b%')).toBe('a b%');
    expect(decodeGrpcMessage('%zz%4')).toBe('%zz%4');
    expect(decodeGrpcMessage('%ff')).toBe('\ufffd');
  });
});
