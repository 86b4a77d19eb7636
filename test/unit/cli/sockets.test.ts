import { describe, expect, it } from 'vitest';
import type { Program } from '../../../src/lib/cli/programs.ts';
import { agentAdminTarget, agentTarget, serverTarget } from '../../../src/lib/cli/sockets.ts';

const agentDefault = '/tmp/spire-agent/public/api.sock';
const serverDefault = '/tmp/spire-server/private/api.sock';

describe('agentTarget', () => {
  const from = (program: Program, env: Record<string, string>, given: string[] = []) =>
    ({ program, env, given: new Set(given) }) as const;
  const unchosen = { socketPath: agentDefault, instance: '' };

  const template = { SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE: '/run/%i/%i.sock' };

  it('takes the flag, then the template, then the variable, then the default', () => {
    const env = { ...template, SPIRE_AGENT_PUBLIC_SOCKET: '/run/one.sock' };
    expect(agentTarget({ socketPath: '/a', instance: 'b' }, from('spire-agent', env))).toMatchObject({ path: '/a' });
    expect(agentTarget({ socketPath: agentDefault, instance: 'b' }, from('spire-agent', env))).toMatchObject({
      path: '/run/b/b.sock',
    });
    expect(agentTarget({ socketPath: agentDefault, instance: '' }, from('spire-agent', env))).toMatchObject({
      path: '/run/one.sock',
    });
    expect(agentTarget({ socketPath: agentDefault, instance: '' }, from('spire-agent', {}))).toMatchObject({
      path: agentDefault,
    });
  });

  it('makes the path absolute', () => {
    expect(agentTarget({ socketPath: 'a.sock', instance: '' }, from('spire-agent', {}))).toMatchObject({
      path: `${process.cwd()}/a.sock`,
    });
  });

  it('refuses an instance without a template that has a place for it', () => {
    expect(() => agentTarget({ socketPath: '/a', instance: 'b' }, from('spire-agent', {}))).toThrow(
      ' SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE environment variable must be defined when using the instance flag',
    );
    expect(() =>
      agentTarget(
        { socketPath: '/a', instance: 'b' },
        from('spire-agent', { SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE: '/run/a.sock' }),
      ),
    ).toThrow('failed to find %i in SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE');
  });

  it('does not read SPIFFE_ENDPOINT_SOCKET on the drop-ins, as SPIRE does not', () => {
    const env = { SPIFFE_ENDPOINT_SOCKET: 'unix:///other.sock' };
    expect(agentTarget({ socketPath: agentDefault, instance: '' }, from('spire-agent', env))).toMatchObject({
      path: agentDefault,
    });
  });

  it('reads SPIFFE_ENDPOINT_SOCKET on the umbrella when nothing else names a socket', () => {
    const env = { SPIFFE_ENDPOINT_SOCKET: 'unix:///other%20one.sock' };
    expect(agentTarget(unchosen, from('spirekit', env))).toEqual({ kind: 'unix', path: '/other one.sock' });
    expect(agentTarget(unchosen, from('spirekit', env, ['socketPath']))).toMatchObject({ path: agentDefault });
    expect(agentTarget(unchosen, from('spirekit', { ...env, SPIRE_AGENT_PUBLIC_SOCKET: '/one' }))).toMatchObject({
      path: '/one',
    });
    expect(agentTarget(unchosen, from('spirekit', { SPIFFE_ENDPOINT_SOCKET: '' }))).toMatchObject({
      path: agentDefault,
    });
    expect(agentTarget(unchosen, from('spirekit', { SPIFFE_ENDPOINT_SOCKET: '/plain' }))).toMatchObject({
      path: '/plain',
    });
    expect(() => agentTarget(unchosen, from('spirekit', { SPIFFE_ENDPOINT_SOCKET: 'http://a' }))).toThrow('scheme');
  });

  it('takes the addresses of libraries on the umbrella alone', () => {
    const choice = { socketPath: 'unix:///run/a.sock', instance: '' };
    expect(agentTarget(choice, from('spirekit', {}, ['socketPath']))).toEqual({ kind: 'unix', path: '/run/a.sock' });
    expect(agentTarget({ socketPath: 'tcp://127.0.0.1:1', instance: '' }, from('spirekit', {}))).toEqual({
      kind: 'tcp',
      host: '127.0.0.1',
      port: 1,
    });
    expect(agentTarget(choice, from('spire-agent', {}))).toMatchObject({ path: `${process.cwd()}/unix:/run/a.sock` });
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
