import { describe, expect, it } from 'vitest';
import { within } from '../../../src/lib/cli/error-context.ts';
import { AdvisedError, describeFailure, umbrellaCode } from '../../../src/lib/cli/failure.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { ERROR_CODES, type ErrorCode, prefixed, SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { parseSelector } from '../../../src/lib/spiffe/selector.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';

const dial = (reason: string): RpcError =>
  new RpcError(
    RpcCode.unavailable,
    `connection error: desc = "transport: Error while dialing: dial unix /run/a b.sock: connect: ${reason}"`,
  );

function failureOf(step: () => unknown): SpirekitError {
  try {
    step();
  } catch (error) {
    return SpirekitError.from(error);
  }
  throw new Error('nothing failed');
}

describe('describeFailure', () => {
  it('says what happened without the frames of gRPC, with its code', () => {
    const error = prefixed('error fetching entries', new RpcError(RpcCode.internal, 'disk broken'));
    expect(describeFailure(error)).toBe('Error: error fetching entries: disk broken (SPK-1026 internal)\n');
  });

  it.each([
    [dial('no such file or directory'), 'Nothing listens on /run/a b.sock.'],
    [dial('connection refused'), 'Nothing listens on /run/a b.sock.'],
    [dial('permission denied'), 'This user may not open it; `ls -l /run/a b.sock`'],
    [new RpcError(RpcCode.unimplemented, 'unknown service'), 'The socket of the agent and that of the server differ.'],
    [new RpcError(RpcCode.deadlineExceeded, 'context deadline exceeded'), '--timeout'],
    [new RpcError(RpcCode.permissionDenied, 'no identity issued'), 'spirekit why'],
    [new RpcError(RpcCode.permissionDenied, 'authorization denied'), 'refused'],
    [new AdvisedError('usage', 'odd', 'Do it so.'), 'Do it so.'],
  ])('says what to do about %s', (error, advice) => {
    const [, ...lines] = describeFailure(error).split('\n');
    expect(lines.join(' ')).toContain(advice);
  });

  it('shows the paths of sockets as they are, not as SPIRE spells them', () => {
    const text = describeFailure(
      new RpcError(
        RpcCode.unavailable,
        'connection error: desc = "transport: Error while dialing: dial unix ///run/a.sock: connect: connection refused"',
      ),
    );
    expect(text).toContain('cannot connect to /run/a.sock: connection refused');
    expect(text).toContain('listens on /run/a.sock.');
  });

  it.each([
    [() => SpiffeId.parse('web'), '"web": scheme is missing or invalid', 'spiffe://'],
    [
      () => within('invalid SPIFFE ID', () => SpiffeId.parse('a\nb')),
      'invalid SPIFFE ID: "a\\nb": scheme',
      'spiffe://',
    ],
    [() => within('bad "web"', () => SpiffeId.parse('web')), 'Error: bad "web": scheme', 'spiffe://'],
    [() => TrustDomain.parse('A'), '"A": trust domain characters', 'example.org'],
    [() => SpiffeId.parse('x'.repeat(5000)), `"${'x'.repeat(200)}...": scheme`, 'spiffe://'],
    [() => parseSelector('unix'), 'selector "unix" must be', 'unix:uid:1000'],
  ])('names the value that was wrong, and what a right one looks like (%s)', (parse, sentence, example) => {
    const [first, second] = describeFailure(failureOf(parse)).split('\n');
    expect(first).toContain(sentence);
    expect(second).toContain(example);
  });

  it('says how to make a folder that a file was to be written to', () => {
    const failed = (path: string) =>
      describeFailure(new SpirekitError('io-error', `open ${path}: no such file or directory`));
    expect(failed('/absent/dir/svid.0.pem')).toContain(
      '\nThere is no folder /absent/dir; `mkdir -p /absent/dir` makes it.\n',
    );
    expect(failed('absent.json')).not.toContain('mkdir');
  });

  it('points to the flags of the command that was typed', () => {
    expect(describeFailure(new SpirekitError('usage', 'bad'), 'entry show')).toContain('`spirekit entry show --help`');
  });

  it('prints every code in one line or more that end with a line end', () => {
    for (const code of Object.keys(ERROR_CODES)) {
      const text = describeFailure(new SpirekitError(code as ErrorCode, 'message'));
      expect(text).toMatch(new RegExp(`^Error: message \\(SPK-1\\d{3} ${code}\\)\n([^\n]+\n)*$`));
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
