import { describe, expect, it } from 'vitest';
import { errorCodeOfStatus, RpcCode, RpcError, rpcCodeName, rpcStatusOf } from '../../../src/lib/rpc/status.ts';
import { ERROR_CODES, SpirekitError } from '../../../src/lib/runtime/errors.ts';

describe('RpcError', () => {
  it('reads like an error of a Go client', () => {
    const error = new RpcError(RpcCode.permissionDenied, 'no identity issued');
    expect(error.message).toBe('rpc error: code = PermissionDenied desc = no identity issued');
    expect(error.code).toBe('permission-denied');
    expect(new RpcError(99, 'odd').message).toBe('rpc error: code = Code(99) desc = odd');
    expect(new RpcError(99, 'odd').code).toBe('unknown');
  });

  it('has a code for each status, which maps back to that status', () => {
    for (const status of Object.values(RpcCode)) {
      if (status === RpcCode.ok) continue;
      expect(ERROR_CODES[errorCodeOfStatus(status)].grpc).toBe(status);
      expect(rpcCodeName(status)).toMatch(/^[A-Z][A-Za-z]+$/);
    }
  });
});

describe('rpcStatusOf', () => {
  it('passes on what this package worded', () => {
    expect(rpcStatusOf(new RpcError(RpcCode.notFound, 'entry not found'))).toMatchObject({
      status: RpcCode.notFound,
      description: 'entry not found',
    });
    expect(rpcStatusOf(new SpirekitError('invalid-selector', 'missing selector type'))).toEqual({
      status: RpcCode.invalidArgument,
      description: 'missing selector type',
    });
  });

  it.each([
    new Error('password is hunter2'),
    Object.assign(new Error("ENOENT: open '/root/keys.json'"), { code: 'ENOENT', syscall: 'open' }),
    new SpirekitError('io-error', "ENOENT: open '/root/keys.json'"),
    new SpirekitError('unknown', 'password is hunter2'),
    'password is hunter2',
    undefined,
  ])('tells nothing of %s', (error) => {
    expect(rpcStatusOf(error)).toEqual({ status: RpcCode.internal, description: 'internal error' });
  });

  it('takes an abort for what it is', () => {
    expect(rpcStatusOf(AbortSignal.abort().reason)).toMatchObject({ status: RpcCode.canceled });
    expect(rpcStatusOf(new DOMException('late', 'TimeoutError'))).toMatchObject({ status: RpcCode.deadlineExceeded });
  });
});
