import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeGrpcMessage } from '../../../src/lib/rpc/grpc-message.ts';
import {
  findForeignStatus,
  http2ErrorName,
  statusOfReset,
  statusOfTrailers,
} from '../../../src/lib/rpc/response-status.ts';
import { RpcCode } from '../../../src/lib/rpc/status.ts';

describe('the status of a call', () => {
  it('is the one that the trailers say, with its message and details', () => {
    fc.assert(
      fc.property(fc.nat(99), fc.string({ unit: 'grapheme' }), fc.uint8Array(), (status, message, details) => {
        const trailers = {
          'grpc-status': String(status),
          'grpc-message': encodeGrpcMessage(message),
          'grpc-status-details-bin': Buffer.from(details).toString('base64'),
        };
        expect(statusOfTrailers(trailers)).toEqual({ status, description: message, statusDetails: details });
      }),
    );
  });

  it('is unknown where the trailers say none that is a number', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const status = statusOfTrailers({ 'grpc-status': text }).status;
        expect(status).toBe(/^[+-]?\d{1,9}$/.test(text) ? Number(text) : RpcCode.unknown);
        expect(statusOfTrailers({}).status).toBe(RpcCode.unknown);
      }),
    );
  });

  it('is foreign exactly if the answer is not of gRPC', () => {
    const type = fc.oneof(
      fc.string(),
      fc.constantFrom('application/grpc', 'application/grpc+proto', 'application/grpcx'),
    );
    fc.assert(
      fc.property(type, fc.integer({ min: 100, max: 599 }), (contentType, http) => {
        const isGrpc = /^application\/grpc(?:[+;].*)?$/s.test(contentType);
        const foreign = findForeignStatus({ ':status': String(http), 'content-type': contentType });
        expect(foreign === undefined).toBe(isGrpc);
        if (foreign !== undefined) expect(foreign.description).toContain(`server: ${http} (`);
      }),
    );
  });

  it('of a reset stream has a name for every number', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (code) => {
        expect(statusOfReset(code).description).toContain(http2ErrorName(code));
        expect(http2ErrorName(code)).not.toBe('');
      }),
    );
  });
});
