import { goQuote } from '../../runtime/go-quote.ts';
import type { ConfigReport } from '../config-report.ts';
import { readSmallFile } from '../file-access.ts';
import type { RawAgent } from './agent-schema.ts';

/** Tokens are UUIDs by default and short in any case. */
const LONGEST_TOKEN_FILE = 64 * 1024;

/** The join token, from the configuration or from its file without white space around it. Never in an error. */
export async function resolveJoinToken(
  agent: RawAgent,
  report: ConfigReport,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const file = agent.join_token_file;
  if (file === '') return agent.join_token === '' ? undefined : agent.join_token;
  const path = ['agent', 'join_token_file'];
  const reading = readSmallFile(report.resolvePath(file), file, { limit: LONGEST_TOKEN_FILE, signal });
  const bytes = await report.during(
    reading,
    path,
    (reason) => `unable to read join token file ${goQuote(file)}: ${reason}`,
  );
  const token = new TextDecoder().decode(bytes).trim();
  return token === '' ? report.fail('join token file is empty', path) : token;
}
