import type { Environment } from './command-context.ts';

/**
 * Variables that make Node or OpenSSL load code, trust others, tell more or open a debugger. The launchers put them aside
 * before Node reads them (`bin/launch.sh` has the same list).
 */
export const NODE_VARIABLES = [
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_COMPILE_CACHE',
  'NODE_COMPILE_CACHE_PORTABLE',
  'NODE_REPL_EXTERNAL_MODULE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'NODE_USE_SYSTEM_CA',
  'NODE_USE_ENV_PROXY',
  'NODE_DEBUG',
  'NODE_DEBUG_NATIVE',
  'NODE_V8_COVERAGE',
  'NODE_REDIRECT_WARNINGS',
  'NODE_ICU_DATA',
  'NODE_INSPECT_RESUME_ON_START',
  'NODE_PRESERVE_SYMLINKS',
  'NODE_PRESERVE_SYMLINKS_MAIN',
  'OPENSSL_CONF',
  'OPENSSL_CONF_INCLUDE',
  'OPENSSL_MODULES',
  'OPENSSL_ENGINES',
] as const;

/** What the launchers put before the name of a variable that they put aside. */
const PUT_ASIDE = 'SPIREKIT_OUTER_';

/** The names of the variables that the launcher put aside. */
export function findPutAside(env: Environment): string[] {
  return NODE_VARIABLES.filter((name) => env[PUT_ASIDE + name] !== undefined);
}

/** The environment as it was before the launcher: for programs of others. */
export function outerEnvironment(env: Environment): Environment {
  const outer = { ...env };
  for (const name of findPutAside(env)) {
    outer[name] = env[PUT_ASIDE + name];
    delete outer[PUT_ASIDE + name];
  }
  return outer;
}
