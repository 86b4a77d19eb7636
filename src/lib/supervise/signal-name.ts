import { constants } from 'node:os';
import { SpirekitError } from '../runtime/errors.ts';

/** What no process can be told by: these end or stop it without a word. */
const USELESS = new Set(['SIGKILL', 'SIGSTOP']);

/**
 * A signal as people write it: `HUP`, `SIGHUP` or `sighup`.
 *
 * @throws SpirekitError `usage` for what is no signal of this system, and for SIGKILL and SIGSTOP
 */
export function parseSignalName(text: string): NodeJS.Signals {
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  if (isSignal(name) && !USELESS.has(name)) return name;
  throw new SpirekitError('usage', `${JSON.stringify(text)} is not a signal to reload by, such as HUP or USR1`);
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
