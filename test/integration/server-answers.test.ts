import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { Deployment } from '../support/deployment.ts';
import { findRealSpire, ours, type Programs } from '../support/programs.ts';
import { answerOf, serverCases } from '../support/server-cases.ts';

/** What a real server answers; RECORD=1 writes it anew. */
const RECORDED = new URL('../data/server-answers.tsv', import.meta.url);
const HEADING = '# What SPIRE Server 1.15.3 answers to the calls of test/support/server-cases.ts, one a line.';

describe('the answers of the services in edge cases', () => {
  it('are those of a real server', { timeout: 60_000 }, async () => {
    expect(await askAll(ours)).toBe(readFileSync(RECORDED, 'utf8'));
  });

  it('are recorded as a real server gives them', { timeout: 60_000 }, async ({ skip }) => {
    const real = findRealSpire();
    if (real === undefined) return skip('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
    const answers = await askAll(real);
    if (process.env['RECORD'] === '1') writeFileSync(RECORDED, answers);
    expect(answers).toBe(readFileSync(RECORDED, 'utf8'));
  });
});

async function askAll(daemons: Programs): Promise<string> {
  await using deployment = await Deployment.open({ daemons });
  await using client = new RpcClient({ kind: 'unix', path: deployment.serverSocket });
  const lines = [HEADING];
  for (const each of await serverCases()) lines.push(`${each.name}\t${await answerOf(each, client)}`);
  return `${lines.join('\n')}\n`;
}
