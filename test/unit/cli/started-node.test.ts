import { describe, expect, it } from 'vitest';
import { findPutAside, outerEnvironment } from '../../../src/lib/cli/outer-environment.ts';
import { findLinkerVariables, refuseAlteredNode } from '../../../src/lib/cli/started-node.ts';

describe('refuseAlteredNode', () => {
  it.each([
    ['--inspect=9229'],
    ['--inspect-brk'],
    ['--require', './evil.cjs'],
    ['--import=./evil.mjs'],
    ['--report-on-signal'],
    ['--report_uncaught_exception'],
    ['--heapsnapshot-signal=SIGUSR2'],
    ['--abort-on-uncaught-exception'],
    ['--tls-keylog=/tmp/keys'],
    ['--diagnostic-dir=/tmp'],
    ['--env-file=.env'],
    ['-r', './evil.cjs'],
  ])('refuses %s', (...execArgv) => {
    expect(() => refuseAlteredNode({ env: {}, execArgv })).toThrow(
      `Node was started with ${execArgv[0]?.split('=')[0]}, by`,
    );
  });

  it.each(['NODE_OPTIONS', 'NODE_PATH', 'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_COMPILE_CACHE', 'OPENSSL_CONF'])(
    'refuses %s, with the code of a thing to put right first',
    (name) => {
      const refused = (): void => refuseAlteredNode({ env: { [name]: '' }, execArgv: [] });
      expect(refused).toThrow(expect.objectContaining({ code: 'failed-precondition' }));
    },
  );

  it('accepts sizes, what closes something, and variables that mean nothing to Node', () => {
    const execArgv = ['--disable-sigusr1', '--inspect-port', '[ff00::]:9229', '--max_old_space_size=4096'];
    refuseAlteredNode({ env: { PATH: '/bin', NODE_ENV: 'production', UV_THREADPOOL_SIZE: '8' }, execArgv });
  });
});

describe('the environment as it was before the launcher', () => {
  it('has everything under its own name again', () => {
    const env = { A: '1', SPIREKIT_OUTER_NODE_OPTIONS: '--x', SPIREKIT_OUTER_NODE_PATH: '', SPIREKIT_OUTER_A: '2' };
    expect(findPutAside(env)).toEqual(['NODE_OPTIONS', 'NODE_PATH']);
    expect(outerEnvironment(env)).toEqual({ A: '1', NODE_OPTIONS: '--x', NODE_PATH: '', SPIREKIT_OUTER_A: '2' });
  });

  it('names the variables of the dynamic linker that are set', () => {
    expect(findLinkerVariables({ LD_PRELOAD: '/x.so', LD_LIBRARY_PATH: '', LD_BIND_NOW: '1' })).toEqual(['LD_PRELOAD']);
  });
});
