import { checkExpiresBefore } from '../../src/lib/cli/expires-before.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { parseExpiresBefore } from '../../src/lib/server/api/agent/v1/expires-before.ts';

/** Any text is refused as an argument, or is a moment; what the client lets through, the server can read. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const client = refusal(() => checkExpiresBefore(text));
  const server = refusal(() => {
    if (!Number.isSafeInteger(parseExpiresBefore(text))) throw new Error('no moment');
  });
  if (client === undefined && server !== undefined) throw new Error(`only the server refuses it: ${server}`);
}

function refusal(step: () => void): string | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-argument') return error.message;
    throw error;
  }
}
