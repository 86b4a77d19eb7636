import { describe, expect, it } from 'vitest';
import { formatJoinToken } from '../../../../src/lib/cli/pretty/token.ts';

describe('formatJoinToken', () => {
  it('shows the token', () => {
    expect(formatJoinToken({ value: 'abc', expiresAt: 1n }, true)).toBe('Token: abc\n');
  });

  it('warns when the agent gets no SPIFFE ID beside that of the token', () => {
    expect(formatJoinToken({ value: 'abc', expiresAt: 1n }, false)).toBe('Token: abc\nWarning: Missing SPIFFE ID.\n');
  });
});
