import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import UpstreamAuthorityRevoke from '../../../src/commands/upstreamauthority/revoke.ts';
import UpstreamAuthorityTaint from '../../../src/commands/upstreamauthority/taint.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { LocalAuthorityDefinition } from '../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { CommandHarness } from './command-harness.ts';

let harness: CommandHarness;

beforeAll(async () => {
  const answer = async ({ subjectKeyId }: { subjectKeyId: string }) => {
    if (subjectKeyId !== '0a0b') throw new RpcError(RpcCode.failedPrecondition, 'upstream authority is not configured');
    return { upstreamAuthoritySubjectKeyId: subjectKeyId };
  };
  harness = await CommandHarness.open((add) => {
    add(LocalAuthorityDefinition, { taintX509UpstreamAuthority: answer, revokeX509UpstreamAuthority: answer });
  });
});
afterAll(() => harness[Symbol.asyncDispose]());

describe.each([
  { verb: 'taint', done: 'Tainted', command: UpstreamAuthorityTaint },
  { verb: 'revoke', done: 'Revoked', command: UpstreamAuthorityRevoke },
])('upstreamauthority $verb', ({ verb, done, command }) => {
  it('shows the authority that was changed', async () => {
    const pretty = await harness.run('spire-server', command, ['-subjectKeyID', '0a0b']);
    expect(pretty).toEqual({
      code: 0,
      stdout: `${done} X.509 upstream authority:\n  Subject Key ID: 0a0b\n`,
      stderr: '',
    });
    const json = await harness.run('spire-server', command, ['-subjectKeyID', '0a0b', '-output', 'json']);
    expect(json.stdout).toBe('{"upstream_authority_subject_key_id":"0a0b"}\n');
  });

  it('tells why the server refused', async () => {
    expect((await harness.run('spire-server', command, ['-subjectKeyID', '01'])).stderr).toBe(
      `Error: could not ${verb} X.509 upstream authority: rpc error: code = FailedPrecondition desc = upstream authority is not configured\n`,
    );
  });

  it('wants to know which', async () => {
    const { code, stderr } = await harness.run('spire-server', command, []);
    expect(code).toBe(1);
    expect(stderr).toBe('Error: the Subject Key ID of the X.509 upstream authority is required\n');
  });
});
