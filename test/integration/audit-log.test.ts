import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { Deployment } from '../support/deployment.ts';
import { findRealSpire, ours, type Programs } from '../support/programs.ts';
import { answerOf, serverCases } from '../support/server-cases.ts';

/** The audit log of a real server; RECORD=1 writes it anew. */
const RECORDED = new URL('../data/audit-log.txt', import.meta.url);
const HEADING = '# The audit log of SPIRE Server 1.15.3 for the calls of test/support/server-cases.ts.';

describe('the audit log of the edge cases', () => {
  it('has the lines and fields of that of a real server', { timeout: 60_000 }, async () => {
    expect(await auditLog(ours)).toBe(readFileSync(RECORDED, 'utf8'));
  });

  it('is recorded as a real server writes it', { timeout: 60_000 }, async ({ skip }) => {
    const real = findRealSpire();
    if (real === undefined) return skip('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
    const lines = await auditLog(real);
    if (process.env['RECORD'] === '1') writeFileSync(RECORDED, lines);
    expect(lines).toBe(readFileSync(RECORDED, 'utf8'));
  });
});

describe('the audit log of agents', () => {
  it.for([
    ['ours', ours],
    ['a real server', findRealSpire()],
  ] as const)(
    'tells at %s who attested and what was signed for whom',
    { timeout: 60_000 },
    async ([, daemons], { skip }) => {
      if (daemons === undefined) return skip('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
      await using deployment = await Deployment.open({ daemons, serverSettings: 'audit_log_enabled = true' });
      await deployment.startAgent();
      const linesOf = (method: string): string[] =>
        deployment
          .log('server')
          .split('\n')
          .filter((line) => line.includes('type=audit') && line.includes(`method=${method} `));
      expect(linesOf('AttestAgent')).toEqual([
        expect.stringMatching(
          /agent_id="spiffe:\/\/example\.org\/spire\/agent\/join_token\/.* node_attestor_type=join_token .*status=success/,
        ),
      ]);
      const id = await deployment.createEntry('/audited', ['unix:uid:1']);
      await expect
        .poll(() => linesOf('BatchNewX509SVID'), { timeout: 30_000 })
        .toEqual(
          expect.arrayContaining([
            expect.stringMatching(
              new RegExp(
                `csr=[0-9a-f]{64} entry_id=${id} expires_at=\\d+ .*spiffe_id="spiffe://example\\.org/audited" status=success`,
              ),
            ),
          ]),
        );
      expect(linesOf('BatchCreateEntry').at(-1)).toContain(' selectors="unix:uid:1" ');
    },
  );
});

async function auditLog(daemons: Programs): Promise<string> {
  await using deployment = await Deployment.open({ daemons, serverSettings: 'audit_log_enabled = true' });
  await using client = new RpcClient({ kind: 'unix', path: deployment.serverSocket });
  // Only ours says more than SPIRE in these: reasons of Go's library are cut off behind the sentence.
  const cuts: string[] = [];
  for (const each of await serverCases()) {
    await answerOf(each, client);
    if (each.upTo !== undefined) cuts.push(each.upTo);
  }
  const lines = deployment
    .log('server')
    .split('\n')
    // A real server looks at its own health by calling itself.
    .filter((line) => line.includes('type=audit') && !/method=(?:Check|GetBundle)/.test(line))
    .map((line) => comparable(line, cuts));
  return `${[HEADING, ...lines].join('\n')}\n`;
}

/** Without what differs from run to run, and with what a server makes up under one name. */
function comparable(line: string, cuts: readonly string[]): string {
  const plain = line
    .replace(/^time=\S+ level=\S+ msg="API accessed" /, '')
    .replace(/ ?\b(?:caller_\w+|request_id)=(?:"[^"]*"|\S+)/g, '')
    .replace(/[0-9a-f]{64}/g, '<sha256>')
    .replace(/local_authority_id=(?!unknown)\S+/g, 'local_authority_id=<id>')
    .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/g, '<time>')
    .trim();
  const cut = cuts.find((words) => plain.includes(words));
  return cut === undefined ? plain : plain.replace(new RegExp(`(${cut}).*?"( |$)`), '$1..."$2');
}
