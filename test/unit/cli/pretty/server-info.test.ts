import { describe, expect, it } from 'vitest';
import { formatServerInfo } from '../../../../src/lib/cli/pretty/server-info.ts';
import { GetInfoResponse } from '../../../../src/lib/wire/gen/spire/api/server/debug/v1/debug.ts';

describe('formatServerInfo', () => {
  it('shows the counts, and the chain if there is one', () => {
    const info = GetInfoResponse.create({
      uptime: 3723,
      agentsCount: 1,
      entriesCount: 2,
      federatedBundlesCount: 3,
      svidChain: [
        {
          id: { trustDomain: 'example.org', path: '/spire/server' },
          subject: 'O=SPIRE,C=US',
          expiresAt: 1_700_000_000n,
        },
        { subject: 'CN=root', expiresAt: 0n },
      ],
    });
    const head = [
      'Server Debug Info:',
      '  Uptime:                  1h2m3s',
      '  Registered Agents:       1',
      '  Registration Entries:    2',
      '  Federated Bundles:       3',
      '',
    ].join('\n');
    expect(formatServerInfo({ ...info, svidChain: [] })).toBe(head);
    expect(formatServerInfo(info)).toBe(
      `${head}${[
        '  SVID Chain:',
        '    [0] SPIFFE ID:  spiffe://example.org/spire/server',
        '        Subject:    O=SPIRE,C=US',
        '        Expires At: 2023-11-14T22:13:20Z',
        '    [1] SPIFFE ID:  (none)',
        '        Subject:    CN=root',
        '        Expires At: 1970-01-01T00:00:00Z',
        '',
      ].join('\n')}`,
    );
  });
});
