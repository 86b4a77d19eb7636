import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Deployment } from '../../test/support/deployment.ts';
import { findOnPath, ours, projectRoot, run } from '../../test/support/programs.ts';
import { untilIdentity } from '../../test/support/workload-caller.ts';
import { type Proof, skipped, verdict } from './proof.ts';
import { CHAPTERS } from './session/chapters.ts';
import { comparablePage, formatSessionPage, type RecordedChapter } from './session/session-page.ts';

/** The recorded page, which this proof holds against a new run. */
const PAGE = join(projectRoot, 'docs/session.md');

/** Writes the page instead of comparing it. */
const RECORD = '--record';

export const proof: Proof = {
  shows: 'the recorded session of docs/session.md: its lines still print what stands there',
  async run(args) {
    if (process.getuid?.() !== 0) return skipped('it was recorded as root');
    const missing = ['openssl', 'bash'].find((program) => findOnPath(program) === undefined);
    if (missing !== undefined) return skipped(`${missing} is not on the PATH`);
    const page = formatSessionPage(await runSession());
    const count = CHAPTERS.reduce((sum, { lines }) => sum + lines.length, 0);
    if (args.includes(RECORD)) {
      writeFileSync(PAGE, page);
      return verdict(true, `${count} command lines recorded`);
    }
    const [expected, seen] = [readFileSync(PAGE, 'utf8'), page].map((text) => comparablePage(text).split('\n'));
    const differing = (expected ?? []).filter((line, index) => line !== seen?.[index]);
    for (const line of differing.slice(0, 20)) console.log(`FAILED: not printed any more: ${line}`);
    const isSame = differing.length === 0 && expected?.length === seen?.length;
    return verdict(isSame, `${count} command lines, ${differing.length} lines of the page not as they are printed`);
  },
};

/** Runs every line by a shell of its own, in one folder and one trust domain. */
async function runSession(): Promise<RecordedChapter[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'session-')));
  await using deployment = await Deployment.open({ logLevel: 'ERROR', serverSettings: 'default_x509_svid_ttl = "1h"' });
  try {
    await deployment.startAgent();
    await deployment.createEntry('/self', ['unix:uid:0'], '-entryID', 'self');
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/self');
    const { agentSocket, serverSocket, adminSocket, port } = deployment;
    const env = {
      PATH: `${dirname(ours.spirekit)}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: folder,
      TZ: 'UTC',
      NO_COLOR: '1',
      SPIFFE_ENDPOINT_SOCKET: `unix://${agentSocket}`,
      SPIRE_SERVER_PRIVATE_SOCKET: serverSocket,
      AGENT: agentSocket,
      SERVER: `127.0.0.1:${port}`,
    };
    // What people would have there.
    const shown = (text: string): string =>
      text
        .replaceAll(agentSocket, '/run/spire-agent/public/api.sock')
        .replaceAll(adminSocket, '/run/spire-agent/private/admin.sock')
        .replaceAll(serverSocket, '/run/spire-server/private/api.sock')
        .replaceAll(deployment.folder, '/run/spire')
        .replaceAll(folder, '/home/me')
        .replaceAll(projectRoot, '/usr/lib/spirekit')
        .replaceAll(`127.0.0.1:${port}`, '127.0.0.1:8081');
    const chapters: RecordedChapter[] = [];
    for (const chapter of CHAPTERS) {
      const printed: string[] = [];
      for (const line of chapter.lines) {
        const done = await run('bash', ['-c', `exec 2>&1\n${line}`], { cwd: folder, env });
        printed.push(shown(done.stdout));
        console.log(`${line.split('\n', 1)[0]}: exit ${done.code}`);
      }
      chapters.push({ ...chapter, printed });
    }
    return chapters;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
