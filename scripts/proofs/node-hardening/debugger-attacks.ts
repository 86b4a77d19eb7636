import { Deployment, freePort } from '../../../test/support/deployment.ts';
import { ours, run } from '../../../test/support/programs.ts';
import { runInStorm, type StormOutcome, storm } from '../../../test/support/signal-storm.ts';
import { untilIdentity } from '../../../test/support/workload-caller.ts';
import { HostileEnvironment } from './hostile-environment.ts';
import type { Ledger } from './ledger.ts';

const counted = ({ signals, probes }: StormOutcome): string => `${signals} signals, ${probes} probes of ports`;

/**
 * SIGUSR1 every 5 ms from the first instruction of every program, while the ports of a debugger are tried, in the usual
 * environment and in a hostile one. Nothing may be open, left behind or different.
 */
export async function attackWithSignals(ledger: Ledger, rounds: number): Promise<void> {
  const port = await freePort();
  using hostile = new HostileEnvironment(port);
  const hostileEnv = { ...process.env, ...hostile.variables };
  await showThatAttacksWork(ledger, hostile);
  await using deployment = await Deployment.open();
  await deployment.startAgent();
  await deployment.createEntry('/here', [`unix:uid:${process.getuid?.() ?? 0}`]);
  await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/here`);
  const { agentSocket, serverSocket } = deployment;
  for (const [program, args, endAfter] of [
    [ours.agent, ['-h']],
    [ours.server, ['--version']],
    [ours.spirekit, ['version']],
    [ours.spirekit, ['--help']],
    [ours.agent, ['healthcheck', '-socketPath', agentSocket]],
    [ours.agent, ['api', 'fetch', 'x509', '-silent', '-socketPath', agentSocket]],
    [ours.agent, ['api', 'fetch', 'jwt', '-audience', 'a', '-socketPath', agentSocket]],
    [ours.agent, ['api', 'watch', '-socketPath', agentSocket], /SPIFFE ID/],
    [ours.server, ['healthcheck', '-socketPath', serverSocket]],
    [ours.server, ['entry', 'show', '-socketPath', serverSocket]],
    [ours.server, ['bundle', 'show', '-socketPath', serverSocket]],
    [ours.spirekit, ['x509', 'mint', '--spiffe-id', 'spiffe://example.org/x', '--socket-path', serverSocket]],
    [ours.spirekit, ['dev', 'exec', '--', ours.agent, 'api', 'fetch', 'x509', '-silent', '-instance', 'dev']],
  ] as const) {
    const name = `${program.split('/').at(-1)} ${args.filter((word) => !word.startsWith('/')).join(' ')}`;
    for (const [where, env] of [
      ['', process.env],
      [' in a hostile environment', hostileEnv],
    ] as const) {
      for (let round = 0; round < rounds; round += 1) {
        const outcome = await runInStorm({ program, args, env }, { port, ...(endAfter && { endAfter }) });
        const traces = hostile.takeTraces();
        const isAsEver = endAfter !== undefined || (outcome.code === 0 && outcome.stderr.length < 2000);
        ledger.check(
          `SIGUSR1 during ${name}${where}: ${counted(outcome)}${isAsEver ? '' : `; exit ${outcome.code}: ${outcome.stderr}`}${traces.length > 0 ? `; left ${traces}` : ''}`,
          !outcome.isOpen && isAsEver && traces.length === 0,
        );
      }
    }
  }
  await attackDaemons(ledger, { deployment, hostile, port, rounds });
}

async function showThatAttacksWork(ledger: Ledger, hostile: HostileEnvironment): Promise<void> {
  const sleeper = ['--inspect-port=0', '-e', 'setTimeout(() => {}, 300)'];
  const open = await runInStorm({ program: process.execPath, args: sleeper });
  ledger.control('SIGUSR1 makes a plain Node open a debugger', open.isOpen);
  const { NODE_OPTIONS } = hostile.variables;
  await run(process.execPath, ['-e', '0'], { env: { ...process.env, NODE_OPTIONS } });
  const traces = hostile.takeTraces();
  ledger.control(
    'NODE_OPTIONS makes a plain Node run a script',
    traces.some((name) => name.startsWith('marker')),
  );
}

/** Both daemons are started in the storm, and must do their work and end well afterwards. */
async function attackDaemons(
  ledger: Ledger,
  {
    deployment,
    hostile,
    port,
    rounds,
  }: { deployment: Deployment; hostile: HostileEnvironment; port: number; rounds: number },
): Promise<void> {
  for (const [where, env] of [
    ['', {}],
    [' in a hostile environment', hostile.variables],
  ] as const) {
    for (let round = 0; round < rounds; round += 1) {
      await deployment.stopAgent();
      await deployment.stopServer();
      const server = deployment.launchServer({ env });
      const duringServer = await storm(server, { until: deployment.serverListens(), port });
      const agent = deployment.launchAgent({ env });
      const duringAgent = await storm(agent, { until: deployment.agentListens(), port });
      for (const daemon of [server, agent]) daemon.kill('SIGUSR2');
      const isWell =
        (await deployment.agent(['healthcheck'])).code === 0 && (await deployment.server('healthcheck')).code === 0;
      const fetched = await deployment.agent(['api', 'fetch', 'x509', '-silent']);
      const traces = hostile.takeTraces();
      const isUnchanged = isWell && fetched.code === 0 && traces.length === 0;
      const left = traces.length > 0 ? `; left ${traces}` : '';
      ledger.check(
        `SIGUSR1 during spire-server run${where}: ${counted(duringServer)}${left}`,
        !duringServer.isOpen && isUnchanged,
      );
      ledger.check(
        `SIGUSR1 during spire-agent run${where}: ${counted(duringAgent)}${left}`,
        !duringAgent.isOpen && isUnchanged,
      );
    }
    if (where !== '') {
      for (const which of ['server', 'agent'] as const) {
        ledger.check(
          `the ${which} names the variables that it ignores`,
          deployment.log(which).includes('Variables for Node are ignored" variables="NODE_OPTIONS,NODE_PATH,'),
        );
      }
    }
  }
  await deployment.stopAgent();
  await deployment.stopServer();
}
