import type { Clock } from '../../../../src/lib/runtime/clock.ts';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { DaemonLogger } from '../../../../src/lib/runtime/logger.ts';
import type { ServerPluginDeps } from '../../../../src/lib/server/catalog/server-plugin-deps.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';

/** What a plugin under test is opened with; what it logs goes to `lines`. */
export function pluginDeps({
  clock,
  lines = [],
  signal,
}: {
  readonly clock: Clock;
  readonly lines?: string[];
  readonly signal?: AbortSignal;
}): ServerPluginDeps {
  const output = { write: (line: string) => void lines.push(line), reopen() {}, [Symbol.dispose]() {} };
  return {
    trustDomain: TrustDomain.parse('example.org'),
    joinTokens: {
      createJoinToken: unused,
      findJoinToken: unused,
      takeJoinToken: unused,
      pruneJoinTokens: unused,
    },
    bundles: { findBundle: async () => undefined },
    clock,
    log: new DaemonLogger({ output, clock, level: 'debug' }),
    signal,
  };
}

function unused(): never {
  throw new SpirekitError('internal', 'this plugin has no business with join tokens');
}
