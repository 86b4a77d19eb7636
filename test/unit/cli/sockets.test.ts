import { describe, expect, it } from 'vitest';
import { agentAdminTarget, agentTarget, serverTarget } from '../../../src/lib/cli/sockets.ts';

const agentDefault = '/tmp/spire-agent/public/api.sock';
const serverDefault = '/tmp/spire-server/private/api.sock';

describe('agentTarget', () => {
  const template = { SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE: '/run/%i/%i.sock' };

  it('takes the flag, then the template, then the variable, then the default', () => {
    const env = { ...template, SPIRE_AGENT_PUBLIC_SOCKET: '/run/one.sock' };
    expect(agentTarget({ socketPath: '/a', instance: 'b' }, env)).toMatchObject({ path: '/a' });
    expect(agentTarget({ socketPath: agentDefault, instance: 'b' }, env)).toMatchObject({ path: '/run/b/b.sock' });
    expect(agentTarget({ socketPath: agentDefault, instance: '' }, env)).toMatchObject({ path: '/run/one.sock' });
    expect(agentTarget({ socketPath: agentDefault, instance: '' }, {})).toMatchObject({ path: agentDefault });
  });

  it('makes the path absolute', () => {
    expect(agentTarget({ socketPath: 'a.sock', instance: '' }, {})).toMatchObject({ path: `${process.cwd()}/a.sock` });
  });

  it('refuses an instance without a template that has a place for it', () => {
    expect(() => agentTarget({ socketPath: '/a', instance: 'b' }, {})).toThrow(
      ' SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE environment variable must be defined when using the instance flag',
    );
    expect(() =>
      agentTarget({ socketPath: '/a', instance: 'b' }, { SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE: '/run/a.sock' }),
    ).toThrow('failed to find %i in SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE');
  });

  it('does not read SPIFFE_ENDPOINT_SOCKET, as SPIRE does not', () => {
    const env = { SPIFFE_ENDPOINT_SOCKET: 'unix:///other.sock' };
    expect(agentTarget({ socketPath: agentDefault, instance: '' }, env)).toMatchObject({ path: agentDefault });
  });
});

describe('serverTarget', () => {
  it('shows absolute paths in errors as SPIRE does, with two slashes before them', () => {
    expect(serverTarget({ socketPath: '/a', instance: '' }, {})).toEqual({
      kind: 'unix',
      path: '/a',
      errorAddress: '///a',
    });
    expect(serverTarget({ socketPath: 'a', instance: '' }, {})).toEqual({ kind: 'unix', path: 'a', errorAddress: 'a' });
  });

  it('fills the template of the server', () => {
    const env = { SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE: '/run/%i.sock' };
    expect(serverTarget({ socketPath: serverDefault, instance: 'x' }, env)).toMatchObject({ path: '/run/x.sock' });
    expect(() => serverTarget({ socketPath: serverDefault, instance: 'x' }, {})).toThrow(
      'you must define SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE to use the instance flag',
    );
  });
});

describe('agentAdminTarget', () => {
  it('takes an empty path for the default', () => {
    expect(agentAdminTarget('')).toMatchObject({ path: '/tmp/spire-agent/private/admin.sock' });
    expect(agentAdminTarget('a')).toMatchObject({ path: 'a' });
  });
});
