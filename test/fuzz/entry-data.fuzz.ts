import { parseEntryData } from '../../src/lib/cli/entry-data.ts';
import { parseGoJson } from '../../src/lib/cli/go-json.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any bytes are refused with a code, or hold entries with IDs; whatever is no JSON to Node is none to us, and the reverse. */
export function target(bytes: Uint8Array): void {
  checkSyntax(bytes);
  try {
    for (const entry of parseEntryData(bytes)) {
      if (entry.spiffeId === undefined || entry.parentId === undefined) throw new Error('an entry without its IDs');
      if ((entry.x509SvidTtl | 0) !== entry.x509SvidTtl) throw new Error('a lifetime that is no 32-bit integer');
    }
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
  }
}

function checkSyntax(bytes: Uint8Array): void {
  let refusal = '';
  try {
    parseGoJson(bytes);
  } catch (error) {
    if (!(error instanceof SpirekitError) || error.code !== 'invalid-encoding') throw error;
    refusal = error.message;
  }
  if (refusal.endsWith('exceeded max depth')) return;
  if (isJson(bytes) === (refusal !== '')) throw new Error(`not as JSON.parse sees it: ${refusal || 'accepted'}`);
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
