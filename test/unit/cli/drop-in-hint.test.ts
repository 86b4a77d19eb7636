import { describe, expect, it } from 'vitest';
import { findDropInHint } from '../../../src/lib/cli/drop-in-hint.ts';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';

const dial = (path: string, reason = 'no such file or directory'): SpirekitError =>
  new SpirekitError(
    'unavailable',
    `connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: ${reason}"`,
  );

const hintFor = (failure: SpirekitError, env: Record<string, string> = {}) =>
  findDropInHint(failure, { program: 'spire-agent', env, cwd: '/nowhere', clock: systemClock });

describe('the hint of a drop-in', () => {
  it.each(['unix:///run/a.sock', 'unix:/run/a.sock', '/run/a.sock'])(
    'names the socket of %s, which is not read',
    async (address) => {
      const hint = await hintFor(dial('/tmp/spire-agent/public/api.sock'), { SPIFFE_ENDPOINT_SOCKET: address });
      expect(hint).toBe(
        'Hint: SPIFFE_ENDPOINT_SOCKET is not read by spire-agent: add -socketPath /run/a.sock, or use spirekit, which reads it.',
      );
    },
  );

  it('does not name the socket that was dialled, nor say anything of other failures', async () => {
    const env = { SPIFFE_ENDPOINT_SOCKET: 'unix:///run/a.sock' };
    expect((await hintFor(dial('/run/a.sock'), env)) ?? '').not.toContain('is not read');
    expect(await hintFor(dial('/run/a.sock', 'permission denied'), env)).toBeUndefined();
    expect(await hintFor(new SpirekitError('unavailable', 'not ready'), env)).toBeUndefined();
  });
});
