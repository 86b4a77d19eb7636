import { describe, expect, it } from 'vitest';
import {
  formatJwtAuthorities,
  formatJwtStep,
  formatUpstreamStep,
  formatX509Authorities,
  formatX509Step,
} from '../../../../src/lib/cli/pretty/local-authority.ts';
import { AuthorityState } from '../../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';

const own = AuthorityState.create({ authorityId: 'a1', expiresAt: 1_700_000_000n });
const subordinate = AuthorityState.create({ ...own, authorityId: 'a2', upstreamAuthoritySubjectKeyId: '0a0b' });
const EXPIRY = '  Expires at: 2023-11-14 22:13:20 +0000 UTC\n';

describe('formatX509Authorities and formatJwtAuthorities', () => {
  it('show three slots and say which are empty', () => {
    expect(formatX509Authorities({ active: own, prepared: undefined, old: subordinate })).toBe(
      `Active X.509 authority:\n  Authority ID: a1\n${EXPIRY}  Upstream authority ID: No upstream authority\n\n` +
        'Prepared X.509 authority:\n  No prepared X.509 authority found\n\n' +
        `Old X.509 authority:\n  Authority ID: a2\n${EXPIRY}  Upstream authority Subject Key ID: 0a0b\n`,
    );
  });

  it('say nothing of upstream authorities where keys sign tokens', () => {
    expect(formatJwtAuthorities({ active: undefined, prepared: own, old: undefined })).toBe(
      'Active JWT authority:\n  No active JWT authority found\n\n' +
        `Prepared JWT authority:\n  Authority ID: a1\n${EXPIRY}\n` +
        'Old JWT authority:\n  No old JWT authority found\n',
    );
  });
});

describe('formatX509Step, formatJwtStep and formatUpstreamStep', () => {
  it('name the authority that was changed', () => {
    expect(formatX509Step('tainted', subordinate)).toBe(
      `Tainted X.509 authority:\n  Authority ID: a2\n${EXPIRY}  Upstream authority Subject Key ID: 0a0b\n`,
    );
    expect(formatJwtStep('activated', own)).toBe(`Activated JWT authority:\n  Authority ID: a1\n${EXPIRY}`);
    expect(formatUpstreamStep('revoked', '0a0b')).toBe('Revoked X.509 upstream authority:\n  Subject Key ID: 0a0b\n');
  });

  it('refuse an answer that names none, in the words of SPIRE', () => {
    const error = (kind: string) =>
      expect.objectContaining({
        code: 'internal',
        message: `internal error: expected to have prepared ${kind} authority information`,
      });
    expect(() => formatX509Step('prepared', undefined)).toThrow(error('X.509'));
    expect(() => formatJwtStep('prepared', undefined)).toThrow(error('JWT'));
  });
});
