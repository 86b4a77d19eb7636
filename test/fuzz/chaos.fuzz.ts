import { type Chaos, checkChaos, parseChaos } from '../../src/lib/dev/chaos.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any list of words is refused as usage, or is trouble of a bounded time that reads back from what it says. */
export function target(bytes: Uint8Array): void {
  let all: Chaos[];
  try {
    all = Buffer.from(bytes).toString('utf8').split(' ').map(parseChaos);
    checkChaos(all);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'usage') return;
    throw error;
  }
  for (const { kind, ms } of all) {
    if (!(ms >= 100 && ms <= 86_400_000)) throw new Error('a time out of bounds');
    if (parseChaos(`${kind}=${ms.toFixed(6)}ms`).kind !== kind) throw new Error('another kind');
  }
}
