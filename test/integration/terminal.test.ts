import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { findOnPath, projectRoot, run } from '../support/programs.ts';

/** Enough to take longer than progress takes to be shown. */
const COUNT = 15_000;

const whyNot =
  findOnPath('script') === undefined ? 'the program script, which makes terminals, is not there' : undefined;

let deployment: Deployment;

beforeAll(async () => {
  if (whyNot !== undefined) return;
  deployment = await Deployment.open({ logLevel: 'ERROR' });
  const entries = Array.from({ length: COUNT }, (_, index) => ({
    spiffe_id: `spiffe://example.org/e${index}`,
    parent_id: 'spiffe://example.org/host',
    selectors: [{ type: 'unix', value: `user:e${index}` }],
  }));
  writeFileSync(join(deployment.folder, 'entries.json'), JSON.stringify({ entries }));
});

afterAll(() => deployment?.[Symbol.asyncDispose]());

/** Runs a line of a shell on a terminal, or without one; returns what came of stderr. */
async function stderrOf(line: string, place: 'terminal' | 'pipe'): Promise<string> {
  const env = {
    ...process.env,
    SPIRE_SERVER_PRIVATE_SOCKET: deployment.serverSocket,
    PATH: `${join(projectRoot, 'bin')}${delimiter}${process.env['PATH']}`,
  };
  const options = { cwd: deployment.folder, env };
  if (place === 'pipe') return (await run('/bin/sh', ['-c', line], options)).stderr;
  return (await run('script', ['-qec', line, '/dev/null'], options)).stdout;
}

const PROGRESS = new RegExp(`\\r\\d+ of ${COUNT} \\(\\d+ %\\), \\d+/s, [\\dmin ]+ s left\\x1b\\[K`);

describe.skipIf(whyNot !== undefined)(`on a terminal${whyNot === undefined ? '' : ` (${whyNot})`}`, () => {
  it('long work shows how far it is, how fast and for how long, and clears the line', async () => {
    const shown = await stderrOf('spirekit entry create --data entries.json > created.txt', 'terminal');
    expect(shown).toMatch(PROGRESS);
    expect(shown).toMatch(/\r\x1b\[K$/);
  });

  it('a wait says what it waits for, and clears the line before the failure', async () => {
    const line = 'spirekit api fetch x509 --socket-path absent.sock --wait 500ms';
    expect(await stderrOf(line, 'terminal')).toMatch(
      /^\rWaiting for an X509-SVID, 1 s at most: cannot connect to .*\r\x1b\[KError: waited 500ms for an X509-SVID/s,
    );
    expect(await stderrOf(line, 'pipe')).toMatch(/^Error: waited 500ms for an X509-SVID/);
  });

  it('lists have colour and none in a pipe, nor with NO_COLOR', async () => {
    const line = 'spirekit entry show --spiffe-id spiffe://example.org/e7';
    expect(await stderrOf(line, 'terminal')).toContain('\x1b[1mEntry ID');
    expect(await stderrOf(`NO_COLOR=1 ${line}`, 'terminal')).not.toContain('\x1b[1m');
    expect(await stderrOf(`${line} | cat`, 'terminal')).not.toContain('\x1b[1m');
  });
});

describe.skipIf(whyNot !== undefined)(`in a pipe${whyNot === undefined ? '' : ` (${whyNot})`}`, () => {
  it('long work says nothing on stderr', async () => {
    const line =
      'spirekit server export --to-file export.json && spirekit server import --from-file export.json --output json > report.json';
    expect(await stderrOf(line, 'pipe')).toBe(
      `Wrote 0 bundles, 0 federation relationships and ${COUNT} entries of example.org. Signing keys, agents and join tokens are not among them.\n`,
    );
  });
});
