import { formatAgentData, parseAgentData } from '../../src/lib/agent/storage/agent-data.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any text is refused as data loss, or is an agent's data that is written the same way again. */
export function target(bytes: Uint8Array): void {
  let data: ReturnType<typeof parseAgentData>;
  try {
    data = parseAgentData(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'data-loss') return;
    throw error;
  }
  const text = formatAgentData(data);
  if (formatAgentData(parseAgentData(text)) !== text) throw new Error('the data changed by being written again');
}
