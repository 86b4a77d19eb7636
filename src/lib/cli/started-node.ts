import { SpirekitError } from '../runtime/errors.ts';
import type { Environment } from './command-context.ts';
import { NODE_VARIABLES } from './outer-environment.ts';

/** What tells how the Node of this process was started; `process` fits. */
export interface StartedNode {
  readonly env: Environment;
  readonly execArgv: readonly string[];
}

/** Flags of Node that a daemon may be started with: they only set sizes, or close something. */
const HARMLESS_FLAGS: ReadonlySet<string> = new Set([
  '--disable-sigusr1',
  '--heap-growing-percent',
  '--inspect-port',
  '--max-heap-size',
  '--max-old-space-size',
  '--max-old-space-size-percentage',
  '--max-semi-space-size',
  '--min-semi-space-size',
  '--secure-heap',
  '--secure-heap-min',
  '--stack-size',
]);

/** Variables of the dynamic linker, by which it loads libraries before any program can object. */
const LINKER_VARIABLES = ['LD_AUDIT', 'LD_LIBRARY_PATH', 'LD_PRELOAD'];

/**
 * Refuses to go on in a Node that was told to load code, trust others, or tell what it knows. The launchers put such
 * variables aside; this is for daemons started without them. Error: `failed-precondition`.
 */
export function refuseAlteredNode({ env, execArgv }: StartedNode): void {
  const flags = execArgv.filter((argument) => argument.startsWith('-')).map((flag) => flag.replace(/=.*/s, ''));
  const altering = [
    ...NODE_VARIABLES.filter((name) => env[name] !== undefined),
    ...flags.filter((flag) => !HARMLESS_FLAGS.has(flag.replaceAll('_', '-'))),
  ];
  if (altering.length === 0) return;
  throw new SpirekitError(
    'failed-precondition',
    `Node was started with ${altering.join(', ')}, by which others can read or change what a daemon does: ` +
      'leave it out, or start the daemon by its launcher in bin/, which ignores variables for Node',
  );
}

/** The variables by which libraries from elsewhere were loaded into this process. */
export function findLinkerVariables(env: Environment): string[] {
  return LINKER_VARIABLES.filter((name) => (env[name] ?? '') !== '');
}
