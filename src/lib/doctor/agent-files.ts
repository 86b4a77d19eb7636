import { join } from 'node:path';
import { type AgentData, parseAgentData } from '../agent/storage/agent-data.ts';
import { lookAtFile } from './bounded-file.ts';

/** What an agent keeps between two runs, as far as it can be read; damaged files count as nothing here. */
export interface AgentFiles {
  /** `agent-data.json` of the data folder. */
  readonly dataPath: string;
  readonly data: AgentData | undefined;
}

/** Reads what lies in an agent's data folder; the formats of SPIRE's agent and of ours are the same. */
export async function openAgentFiles(dataDir: string): Promise<AgentFiles> {
  const dataPath = join(dataDir, 'agent-data.json');
  const file = await lookAtFile(dataPath);
  if (file.kind !== 'read') return { dataPath, data: undefined };
  try {
    return { dataPath, data: parseAgentData(file.text) };
  } catch {
    return { dataPath, data: undefined };
  }
}
