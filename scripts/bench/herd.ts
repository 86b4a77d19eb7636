import { RpcClient } from '../../src/lib/rpc/client.ts';
import { AgentDefinition, CreateJoinTokenRequest } from '../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { LineProcess } from './line-process.ts';
import type { RowGroup } from './row.ts';
import { WITHOUT_LIMITS } from './signing-load.ts';
import { percentile, type Summary } from './statistics.ts';

const HEALTH_EVERY_MS = 10;

/**
 * How quickly a server answers others while all its agents attest at once, as after an outage. They come from one address,
 * so there are no more of them than one may bring at a time.
 */
export function herdRows({ agents }: { readonly agents: number }, real: Programs | undefined): RowGroup {
  const name = `health p99 while ${agents} agents attest`;
  return {
    names: [name],
    measure: async () => {
      const mine = await stampede(ours, agents);
      const theirs = real === undefined ? undefined : await stampede(real, agents);
      return [
        {
          name,
          unit: 'ms',
          ours: mine.health,
          ...(theirs === undefined ? {} : { theirs: { ...theirs.health, whose: 'SPIRE' } }),
          limits: [{ kind: 'at most', value: 1_000 }],
          note: `the last agent was attested after ${mine.lastMs.toFixed(0)} ms${theirs === undefined ? '' : `, SPIRE ${theirs.lastMs.toFixed(0)} ms`}`,
        },
      ];
    },
  };
}

async function stampede(daemons: Programs, agents: number): Promise<{ health: Summary; lastMs: number }> {
  await using deployment = await Deployment.open({ ...WITHOUT_LIMITS, daemons });
  const tokens = await createTokens(deployment.serverSocket, agents);
  using health = LineProcess.script('health-caller.ts', [deployment.serverSocket, HEALTH_EVERY_MS]);
  await health.receive<'ready'>();
  using herd = LineProcess.script('agent-herd.ts', [deployment.port]);
  herd.send(JSON.stringify(tokens));
  herd.endOrders();
  await herd.receive<'begun'>();
  const attestedMs = await herd.receive<number[]>();
  health.endOrders();
  const healthMs = await health.receive<number[]>();
  return {
    health: { median: percentile(healthMs, 0.99), runs: healthMs.length },
    lastMs: Math.max(...attestedMs),
  };
}

async function createTokens(path: string, count: number): Promise<string[]> {
  await using client = new RpcClient({ kind: 'unix', path });
  const request = CreateJoinTokenRequest.create({ ttl: 600 });
  const tokens: string[] = [];
  while (tokens.length < count) {
    tokens.push((await client.unary(AgentDefinition, 'createJoinToken', request)).value);
  }
  return tokens;
}
