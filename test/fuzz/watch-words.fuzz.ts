import { formatWatchEvent, watchEventJson } from '../../src/lib/cli/pretty/watch-event.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { encodeUnixAddress } from '../../src/lib/runtime/service-manager.ts';
import { parseHealthAddress } from '../../src/lib/supervise/health-address.ts';
import { parsePid } from '../../src/lib/supervise/pid-file.ts';
import { expandPlaceholders } from '../../src/lib/supervise/placeholders.ts';
import { parseSignalName } from '../../src/lib/supervise/signal-name.ts';

const VALUES = { cert: 'c', key: 'k', bundle: 'b', dir: 'd', spiffe_id: 'i', jwt: new Map([['a', 'j']]) };

/** Any text is read or refused with a code; no pid names more than one process; what is told is one line. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const pid = parsePid(text);
  if (pid !== undefined && !(pid > 0 && pid < 2 ** 31)) throw new Error('no pid of one process');
  orRefused(() => parseSignalName(text));
  orRefused(() => parseHealthAddress(text));
  orRefused(() => expandPlaceholders(text, VALUES));
  const address = orRefused(() => encodeUnixAddress(text));
  if (address !== undefined && address.length > 110) throw new Error('longer than sockaddr_un');
  const event = { event: 'waiting', message: text } as const;
  for (const line of [formatWatchEvent(event, 0), watchEventJson(event, 0)]) {
    if (line.indexOf('\n') !== line.length - 1) throw new Error('more than a line');
  }
}

function orRefused<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof SpirekitError && ['usage', 'invalid-argument'].includes(error.code)) return undefined;
    throw error;
  }
}
