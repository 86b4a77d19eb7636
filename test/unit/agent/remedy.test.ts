import { describe, expect, test } from 'vitest';
import { AgentEnd, type AgentEndReason } from '../../../src/lib/agent/agent-end.ts';
import { findRemedy } from '../../../src/lib/agent/remedy.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { prefixed, SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { permissionDeniedDetails } from '../../../src/lib/wire/convert/status.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../src/lib/wire/gen/spire/api/types/status.ts';

const CONFIG = {
  serverAddress: 'spire.test',
  serverPort: 8081,
  dataDir: '/var/lib/agent',
  trustBundle: { kind: 'file', path: '/etc/bundle.pem' },
} as const;
const ID = 'spiffe://example.org/spire/agent/join_token/x';

function end(reason: AgentEndReason, canReattest = false): AgentEnd {
  return new AgentEnd(reason, { agentId: ID, canReattest }, new Error('denied'));
}

describe('F12: what an operator reads about an agent that has ended', () => {
  test.each([
    ['banned', end('banned'), `spire-server agent evict -spiffeID ${ID}`],
    ['evicted', end('not-attested'), 'spire-server token generate'],
    ['evicted, where it can attest again', end('not-attested', true), 'start it again, it attests anew'],
    ['a clone', end('not-active'), "remove the copy's data_dir"],
    ['too late', end('expired'), 'spire-server token generate'],
    ['to attest again', end('must-reattest', true), 'Mend what attesting again failed with'],
    ['without an SVID', prefixed('x', end('svid-expired')), 'spire-server token generate'],
    ['with a used token', new SpirekitError('invalid-argument', 'join token expired'), 'spire-server token generate'],
    ['without its server', new SpirekitError('unavailable', 'connection refused'), 'spire.test:8081'],
    [
      'at a stranger',
      new SpirekitError('unavailable', 'x509: certificate signed by unknown authority'),
      '/var/lib/agent/agent-data.json',
    ],
    [
      'banned before it could attest',
      new RpcError(RpcCode.permissionDenied, 'no', {
        statusDetails: permissionDeniedDetails('no', Reason.AGENT_BANNED),
      }),
      'spire-server agent list -banned true',
    ],
  ])('is one line: %s', (_, error, part) => {
    const remedy = findRemedy(error, CONFIG);
    expect(remedy).toContain(part);
    expect(remedy).not.toContain('\n');
  });

  test('is nothing more where the error says it all', () => {
    expect(findRemedy(new SpirekitError('already-exists', 'another agent serves it'), CONFIG)).toBeUndefined();
  });
});
