import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { untilIdentity } from '../../test/support/workload-caller.ts';
import { timeInterleaved } from './process-time.ts';
import type { BenchRow, RowGroup } from './row.ts';

/** How much longer a command may take than it did: what a run may be off, not more. */
const RATIO_LIMIT = 1.05;

/** Names the built checkout of an earlier revision to measure against. */
const VARIABLE = 'SPIREKIT_BEFORE';

/** Command lines of the drop-ins that end by themselves and change nothing; `{agent}`, `{admin}`, `{server}` are sockets. */
const AGENT_COMMANDS = [
  '-h',
  'api fetch x509 -socketPath {agent}',
  'api fetch x509 -silent -socketPath {agent}',
  'api fetch jwt -audience a -socketPath {agent}',
  'healthcheck -socketPath {agent}',
  'debug getinfo -socketPath {admin}',
  'logger get -socketPath {admin}',
  'api watch -h',
  'run -h',
] as const;
const SERVER_COMMANDS = [
  '-h',
  'entry show -socketPath {server}',
  'entry show -output json -socketPath {server}',
  'entry count -socketPath {server}',
  'entry create -h',
  'agent list -socketPath {server}',
  'bundle show -socketPath {server}',
  'bundle list -socketPath {server}',
  'federation list -socketPath {server}',
  'localauthority x509 show -socketPath {server}',
  'healthcheck -socketPath {server}',
  'logger get -socketPath {server}',
  'run -h',
] as const;

const NAMES = [
  ...AGENT_COMMANDS.map((line) => nameOf('spire-agent', line)),
  ...SERVER_COMMANDS.map((line) => nameOf('spire-server', line)),
];

/** Commands of the drop-ins beside those of an earlier revision, both against the same daemons. */
export function beforeRows(plan: { readonly batches: number; readonly runs: number }): RowGroup {
  return {
    names: NAMES,
    measure: async (isWanted) => {
      const before = findBefore();
      if (before === undefined) {
        console.log(`${VARIABLE} names no built checkout of an earlier revision: nothing to compare the drop-ins with`);
        return [];
      }
      await using deployment = await Deployment.open();
      await deployment.startAgent();
      await deployment.createEntry('/bench', [`unix:uid:${process.getuid?.() ?? 0}`]);
      await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/bench`);
      const rows: BenchRow[] = [];
      for (const [program, lines] of [
        ['agent', AGENT_COMMANDS],
        ['server', SERVER_COMMANDS],
      ] as const) {
        for (const line of lines) {
          const name = nameOf(`spire-${program}`, line);
          if (isWanted(name)) rows.push(await compare(name, program, line, before, deployment, plan));
        }
      }
      return rows;
    },
  };
}

async function compare(
  name: string,
  program: keyof Programs,
  line: string,
  before: Programs,
  { agentSocket, adminSocket, serverSocket }: Deployment,
  plan: { readonly batches: number; readonly runs: number },
): Promise<BenchRow> {
  const sockets: Readonly<Record<string, string>> = {
    '{agent}': agentSocket,
    '{admin}': adminSocket,
    '{server}': serverSocket,
  };
  const args = line.split(' ').map((word) => sockets[word] ?? word);
  const [now, then] = await timeInterleaved(
    [ours, before].map((programs) => ({ program: programs[program], args })),
    plan,
  );
  if (now === undefined || then === undefined) throw new Error(`${name} was not timed`);
  return {
    name,
    unit: 'ms',
    ours: now,
    theirs: { ...then, whose: 'before' },
    limits: [{ kind: 'ratio at most', ratio: RATIO_LIMIT }],
  };
}

function nameOf(program: string, line: string): string {
  return `${program} ${line.replace(/ -socketPath \{\w+\}/, '')} as before`;
}

function findBefore(): Programs | undefined {
  const root = process.env[VARIABLE] ?? '';
  const programs = { agent: join(root, 'bin/spire-agent'), server: join(root, 'bin/spire-server') };
  return root !== '' && existsSync(programs.agent) && existsSync(join(root, 'dist')) ? programs : undefined;
}
