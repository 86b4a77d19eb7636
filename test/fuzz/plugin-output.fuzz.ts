import { BoundedLines } from '../../src/lib/catalog/external/bounded-lines.ts';
import { parseHandshakeLine } from '../../src/lib/catalog/external/handshake-line.ts';
import { parseHclogLine } from '../../src/lib/catalog/external/hclog-line.ts';
import { ConfigError } from '../../src/lib/config/config-error.ts';

const LIMIT_BYTES = 4096;
const MOST_CHARACTERS = 8200;

/** Whatever a plugin prints: its handshake is an address or an error, its log is lines of bounded length. */
export function target(bytes: Uint8Array): void {
  const lines = new BoundedLines(LIMIT_BYTES, (line) => {
    if (line.length > LIMIT_BYTES) throw new Error('a line that is too long');
    checkHandshake(line);
    const { message, fields } = parseHclogLine(line);
    if (message.length > MOST_CHARACTERS) throw new Error('a message that is too long');
    for (const value of Object.values(fields)) {
      if (typeof value === 'object' && value !== null) throw new Error('a field that is no plain value');
    }
  });
  lines.push(bytes);
  lines.end();
}

function checkHandshake(line: string): void {
  try {
    const address = parseHandshakeLine(line);
    const isLocal = address.kind === 'unix' ? address.path.startsWith('/') : /^(?:127\.|::1$)/.test(address.host);
    if (!isLocal) throw new Error('an address that is not of this machine');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
}
