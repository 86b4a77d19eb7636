import { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { type TimedCommand, timeInterleaved } from './process-time.ts';
import type { BenchRow } from './row.ts';

/** How much longer than SPIRE's own client a command of ours may take. */
const RATIO_LIMIT = 1.5;

/** Whole processes of the commands that scripts call most, all against the same daemons of ours. */
export async function clientRows(
  plan: { readonly batches: number; readonly runs: number },
  real: Programs | undefined,
): Promise<BenchRow[]> {
  await using deployment = await Deployment.open();
  await deployment.startAgent();
  await deployment.createEntry('/bench', [`unix:uid:${process.getuid?.() ?? 0}`]);
  await waitForSvid(deployment);

  const commands: readonly (readonly [name: string, make: (programs: Programs) => TimedCommand])[] = [
    [
      'api fetch x509',
      (p) => ({ program: p.agent, args: ['api', 'fetch', 'x509', '-socketPath', deployment.agentSocket] }),
    ],
    [
      'api fetch jwt',
      (p) => ({
        program: p.agent,
        args: ['api', 'fetch', 'jwt', '-audience', 'a', '-socketPath', deployment.agentSocket],
      }),
    ],
    ['entry show', (p) => ({ program: p.server, args: ['entry', 'show', '-socketPath', deployment.serverSocket] })],
    ['-h', (p) => ({ program: p.agent, args: ['-h'] })],
  ];
  const rows: BenchRow[] = [];
  for (const [name, make] of commands) {
    const contenders = real === undefined ? [make(ours)] : [make(ours), make(real)];
    const [mine, theirs] = await timeInterleaved(contenders, plan);
    if (mine === undefined) throw new Error(`${name} was not timed`);
    rows.push({ name, ours: mine, ...(theirs === undefined ? {} : { spire: theirs }), ratioLimit: RATIO_LIMIT });
  }
  return rows;
}

async function waitForSvid(deployment: Deployment): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const fetched = await deployment.agent(['api', 'fetch', 'x509', '-silent']);
    if (fetched.code === 0) return;
  }
  throw new Error('no SVID arrived');
}
