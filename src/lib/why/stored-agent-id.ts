import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAgentData } from '../agent/storage/agent-data.ts';

/** A chain, a bundle and a few words; longer files are no agent's. */
const MOST_BYTES = 16 * 1024 * 1024;

/** The SPIFFE ID that an agent has stored in its data folder; undefined where it has none, or it may not be read. */
export async function findStoredAgentId(dataDir: string): Promise<string | undefined> {
  try {
    await using file = await open(join(dataDir, 'agent-data.json'), 'r');
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > MOST_BYTES) return undefined;
    return parseAgentData(await file.readFile('utf8')).svid[0]?.uris[0];
  } catch {
    return undefined;
  }
}
