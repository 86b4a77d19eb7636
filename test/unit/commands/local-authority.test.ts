import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import JwtActivate from '../../../src/commands/localauthority/jwt/activate.ts';
import JwtPrepare from '../../../src/commands/localauthority/jwt/prepare.ts';
import JwtRevoke from '../../../src/commands/localauthority/jwt/revoke.ts';
import JwtShow from '../../../src/commands/localauthority/jwt/show.ts';
import JwtTaint from '../../../src/commands/localauthority/jwt/taint.ts';
import X509Activate from '../../../src/commands/localauthority/x509/activate.ts';
import X509Prepare from '../../../src/commands/localauthority/x509/prepare.ts';
import X509Revoke from '../../../src/commands/localauthority/x509/revoke.ts';
import X509Show from '../../../src/commands/localauthority/x509/show.ts';
import X509Taint from '../../../src/commands/localauthority/x509/taint.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import {
  AuthorityState,
  LocalAuthorityDefinition,
} from '../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { CommandHarness } from './command-harness.ts';

const EXPIRY = '  Expires at: 2023-11-14 22:13:20 +0000 UTC\n';
const UPSTREAM = '  Upstream authority ID: No upstream authority\n';

let harness: CommandHarness;

/** Knows the authorities `x1` and `j1`; what it answers names the authority of the request. */
beforeAll(async () => {
  const state = (authorityId: string) => AuthorityState.create({ authorityId, expiresAt: 1_700_000_000n });
  const known = (authorityId: string, expected: string) => {
    if (authorityId !== expected) throw new RpcError(RpcCode.invalidArgument, 'unexpected authority ID');
    return state(authorityId);
  };
  harness = await CommandHarness.open((add) => {
    add(LocalAuthorityDefinition, {
      getX509AuthorityState: async () => ({ active: state('x1'), prepared: undefined, old: undefined }),
      prepareX509Authority: async () => ({ preparedAuthority: state('x2') }),
      activateX509Authority: async ({ authorityId }) => ({ activatedAuthority: known(authorityId, 'x1') }),
      taintX509Authority: async ({ authorityId }) => ({ taintedAuthority: known(authorityId, 'x1') }),
      revokeX509Authority: async ({ authorityId }) => ({ revokedAuthority: known(authorityId, 'x1') }),
      getJWTAuthorityState: async () => ({ active: state('j1'), prepared: undefined, old: undefined }),
      prepareJWTAuthority: async () => ({ preparedAuthority: state('j2') }),
      activateJWTAuthority: async ({ authorityId }) => ({ activatedAuthority: known(authorityId, 'j1') }),
      taintJWTAuthority: async ({ authorityId }) => ({ taintedAuthority: known(authorityId, 'j1') }),
      revokeJWTAuthority: async ({ authorityId }) => ({ revokedAuthority: known(authorityId, 'j1') }),
    });
  });
});
afterAll(() => harness[Symbol.asyncDispose]());

describe('localauthority show', () => {
  it('shows the three slots', async () => {
    const x509 = await harness.run('spire-server', X509Show, []);
    expect(x509).toEqual({
      code: 0,
      stdout:
        `Active X.509 authority:\n  Authority ID: x1\n${EXPIRY}${UPSTREAM}\n` +
        'Prepared X.509 authority:\n  No prepared X.509 authority found\n\n' +
        'Old X.509 authority:\n  No old X.509 authority found\n',
      stderr: '',
    });
    const jwt = await harness.run('spire-server', JwtShow, []);
    expect(jwt.stdout.startsWith(`Active JWT authority:\n  Authority ID: j1\n${EXPIRY}\nPrepared JWT`)).toBe(true);
  });

  it('leaves empty slots out of the JSON', async () => {
    for (const [command, id] of [
      [X509Show, 'x1'],
      [JwtShow, 'j1'],
    ] as const) {
      const { stdout } = await harness.run('spire-server', command, ['-output', 'json']);
      expect(stdout).toBe(
        `{"active":{"authority_id":"${id}","expires_at":"1700000000","upstream_authority_subject_key_id":""}}\n`,
      );
    }
  });
});

describe('localauthority prepare', () => {
  it('shows the authority that was made', async () => {
    const x509 = await harness.run('spire-server', X509Prepare, []);
    expect(x509.stdout).toBe(`Prepared X.509 authority:\n  Authority ID: x2\n${EXPIRY}${UPSTREAM}`);
    const jwt = await harness.run('spire-server', JwtPrepare, []);
    expect(jwt.stdout).toBe(`Prepared JWT authority:\n  Authority ID: j2\n${EXPIRY}`);
  });
});

describe.each([
  { verb: 'activate', done: 'Activated', x509: X509Activate, jwt: JwtActivate },
  { verb: 'taint', done: 'Tainted', x509: X509Taint, jwt: JwtTaint },
  { verb: 'revoke', done: 'Revoked', x509: X509Revoke, jwt: JwtRevoke },
])('localauthority $verb', ({ verb, done, x509, jwt }) => {
  it('shows the authority that was changed', async () => {
    const ofX509 = await harness.run('spire-server', x509, ['-authorityID', 'x1']);
    expect(ofX509.stdout).toBe(`${done} X.509 authority:\n  Authority ID: x1\n${EXPIRY}${UPSTREAM}`);
    const ofJwt = await harness.run('spire-server', jwt, ['-authorityID', 'j1']);
    expect(ofJwt.stdout).toBe(`${done} JWT authority:\n  Authority ID: j1\n${EXPIRY}`);
  });

  it.each([
    { command: x509, kind: 'X.509' },
    { command: jwt, kind: 'JWT' },
  ])('tells why the server refused ($kind)', async ({ command, kind }) => {
    expect(await harness.run('spire-server', command, ['-authorityID', 'y'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: could not ${verb} ${kind} authority: rpc error: code = InvalidArgument desc = unexpected authority ID\n`,
    });
  });

  it('wants to know which', async () => {
    for (const command of [x509, jwt]) {
      expect((await harness.run('spire-server', command, [])).stderr).toBe('Error: an authority ID is required\n');
    }
  });
});
