import type { Clock } from '../runtime/clock.ts';
import type { SpirekitError } from '../runtime/errors.ts';
import type { Environment } from './command-context.ts';
import { lookAround } from './discovery/find-socket.ts';
import { SOCKET_NAMES, type SocketKind } from './discovery/place.ts';

/** How long a person may be kept for a hint. */
const LONGEST_MS = 1000;

/**
 * One line for a person whose drop-in found nothing at the socket where SPIRE's rule led it: where there is something.
 * Undefined for any other failure, and when nothing is known.
 */
export async function findDropInHint(
  failure: SpirekitError,
  options: {
    readonly program: 'spire-agent' | 'spire-server';
    readonly env: Environment;
    readonly cwd: string;
    readonly clock: Clock;
  },
): Promise<string | undefined> {
  const { program, env, clock } = options;
  const dialled = /dial unix (.+?): connect: (no such file or directory|connection refused)/.exec(failure.message)?.[1];
  if (dialled === undefined) return undefined;
  const kind = kindOf(program, dialled);
  const variable = env['SPIFFE_ENDPOINT_SOCKET'] ?? '';
  if (kind === 'agent' && /^(unix:)?\//.test(variable) && !variable.endsWith(dialled)) {
    const path = variable.replace(/^unix:(\/\/)?/, '');
    return `Hint: SPIFFE_ENDPOINT_SOCKET is not read by ${program}: add -socketPath ${path}, or use spirekit, which reads it.`;
  }
  const tooLong = new AbortController();
  const stopWaiting = clock.schedule(LONGEST_MS, () => tooLong.abort());
  try {
    for await (const { place, reason } of lookAround(kind, { ...options, signal: tooLong.signal })) {
      if (reason !== undefined || dialled.endsWith(place.path)) continue;
      const name = SOCKET_NAMES[kind];
      return `Hint: an ${name} answers at ${place.path}: add -socketPath ${place.path}.`.replace(
        /\ban (?=[sa]dmin|server)/,
        'a ',
      );
    }
  } catch (error) {
    // It was only for a hint.
    if (!tooLong.signal.aborted) throw error;
  } finally {
    stopWaiting();
  }
  return undefined;
}

function kindOf(program: 'spire-agent' | 'spire-server', dialled: string): SocketKind {
  if (program === 'spire-server') return 'server';
  return dialled.includes('admin') ? 'agent-admin' : 'agent';
}
