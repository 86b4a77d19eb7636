import { describe, expect, it } from 'vitest';
import { AdvisedError, describeFailure, prefixed, umbrellaCode } from '../../../src/lib/cli/failure.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { ERROR_CODES, type ErrorCode, SpirekitError } from '../../../src/lib/runtime/errors.ts';

const dial = (reason: string): RpcError =>
  new RpcError(
    RpcCode.unavailable,
    `connection error: desc = "transport: Error while dialing: dial unix /run/a b.sock: connect: ${reason}"`,
  );

describe('describeFailure', () => {
  it('says what happened without the frames of gRPC, with its code', () => {
    const error = prefixed('error fetching entries', new RpcError(RpcCode.internal, 'disk broken'));
    expect(describeFailure(error)).toBe('Error: error fetching entries: disk broken (internal)\n');
  });

  it.each([
    [dial('no such file or directory'), 'Nothing listens on /run/a b.sock.'],
    [dial('connection refused'), 'Nothing listens on /run/a b.sock.'],
    [dial('permission denied'), 'This user may not open /run/a b.sock'],
    [new RpcError(RpcCode.deadlineExceeded, 'context deadline exceeded'), '--timeout'],
    [new RpcError(RpcCode.permissionDenied, 'no identity issued'), 'spirekit entry show'],
    [new RpcError(RpcCode.permissionDenied, 'authorization denied'), 'refused'],
    [new AdvisedError('usage', 'odd', 'Do it so.'), 'Do it so.'],
  ])('says what to do about %s', (error, advice) => {
    const [, ...lines] = describeFailure(error).split('\n');
    expect(lines.join(' ')).toContain(advice);
  });

  it('points to the flags of the command that was typed', () => {
    expect(describeFailure(new SpirekitError('usage', 'bad'), 'entry show')).toContain('`spirekit entry show --help`');
  });

  it('prints every code in one line or more that end with a line end', () => {
    for (const code of Object.keys(ERROR_CODES)) {
      const text = describeFailure(new SpirekitError(code as ErrorCode, 'message'));
      expect(text).toMatch(new RegExp(`^Error: message \\(${code}\\)\n([^\n]+\n)*$`));
    }
  });
});

describe('umbrellaCode', () => {
  it('tells a missing identity from other refusals, also behind other words', () => {
    const refused = new RpcError(RpcCode.permissionDenied, 'no identity issued');
    expect(umbrellaCode(prefixed('failed', refused))).toBe('no-identity');
    expect(umbrellaCode(new RpcError(RpcCode.permissionDenied, 'no'))).toBe('permission-denied');
    expect(umbrellaCode(new RpcError(RpcCode.unknown, 'no identity issued'))).toBe('unknown');
  });
});

describe('prefixed', () => {
  it('keeps the code and the cause', () => {
    const cause = new SpirekitError('not-found', 'gone');
    expect(prefixed('words', cause)).toMatchObject({ code: 'not-found', message: 'words: gone', cause });
  });
});
