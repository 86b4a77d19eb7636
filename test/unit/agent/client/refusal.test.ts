import { describe, expect, test } from 'vitest';
import { findRefusal } from '../../../../src/lib/agent/client/refusal.ts';
import { RpcCode, RpcError } from '../../../../src/lib/rpc/status.ts';
import { prefixed } from '../../../../src/lib/runtime/errors.ts';
import { permissionDeniedDetails } from '../../../../src/lib/wire/convert/status.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../../src/lib/wire/gen/spire/api/types/status.ts';

function refused(reason: keyof typeof Reason, status: number = RpcCode.permissionDenied): RpcError {
  return new RpcError(status, 'denied', { statusDetails: permissionDeniedDetails('denied', Reason[reason]) });
}

describe('findRefusal', () => {
  test.each([
    ['AGENT_EXPIRED', 'expired'],
    ['AGENT_NOT_ATTESTED', 'not-attested'],
    ['AGENT_NOT_ACTIVE', 'not-active'],
    ['AGENT_MUST_REATTEST', 'must-reattest'],
    ['AGENT_BANNED', 'banned'],
  ] as const)('knows the reason %s', (reason, refusal) => {
    expect(findRefusal(refused(reason))).toBe(refusal);
  });

  test('looks behind what was put in front of an error', () => {
    expect(findRefusal(prefixed('b', prefixed('a', refused('AGENT_BANNED'))))).toBe('banned');
  });

  test.each([
    ['a denial without a reason', new RpcError(RpcCode.permissionDenied, 'denied')],
    ['an unknown reason', refused('UNKNOWN')],
    ['a reason with another status', refused('AGENT_BANNED', RpcCode.unavailable)],
    ['details that cannot be read', new RpcError(7, 'denied', { statusDetails: Uint8Array.of(255, 255) })],
    ['another error', new Error('AGENT_BANNED')],
    ['no error', undefined],
  ])('sees none in %s', (_, error) => {
    expect(findRefusal(error)).toBeUndefined();
  });

  test('does not follow causes in a circle for ever', () => {
    const error = new Error('a');
    error.cause = error;
    expect(findRefusal(error)).toBeUndefined();
  });
});
