import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AgentWorld, type RunningAgent } from './agent-world.ts';

/** With what the server adds in front for clocks that differ, the agent renews at half of it: after 245 s. */
const LIFE_MS = 500_000;
const RENEWAL_MS = 245_000;

const dataFolder = (world: AgentWorld): string => world.folder.file('data');
const storedSvid = (world: AgentWorld): unknown =>
  JSON.parse(readFileSync(world.folder.file('data/agent-data.json'), 'utf8')).svid;

/** Lets time go by until the log has the line. */
async function untilLogged(world: AgentWorld, agent: RunningAgent, line: string): Promise<void> {
  while (agent.log.count(line) === 0) {
    await world.betweenRounds();
    world.clock.advance(10_000);
  }
}

describe('F18: an agent that cannot write its data', () => {
  test('keeps the SVID that survives it while there is time, and renews it when the disk is back', async () => {
    await using world = await AgentWorld.open({ agentLifeMs: LIFE_MS });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    const before = storedSvid(world);
    rmSync(dataFolder(world), { recursive: true });
    await world.betweenRounds();
    world.clock.advance(RENEWAL_MS);
    await agent.log.until('Could not rotate agent SVID');
    expect((await agent.fetch()).svids).toHaveLength(1);
    mkdirSync(dataFolder(world));
    await untilLogged(world, agent, 'Successfully rotated agent SVID');
    await expect.poll(() => storedSvid(world)).not.toEqual(before);
    expect(agent.log.count('Could not store SVID')).toBe(0);
    await world.nextRound();
    expect(world.server.refusal).toBeUndefined();
  });

  test('goes on with one that it cannot keep rather than with none, and keeps the next one', async () => {
    await using world = await AgentWorld.open({ agentLifeMs: LIFE_MS });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    rmSync(dataFolder(world), { recursive: true });
    await world.betweenRounds();
    world.clock.advance(RENEWAL_MS);
    await untilLogged(world, agent, 'Could not store SVID');
    await world.nextRound();
    expect(world.server.refusal).toBeUndefined();
    mkdirSync(dataFolder(world));
    await world.betweenRounds();
    world.clock.advance(RENEWAL_MS);
    while (agent.log.count('Successfully rotated agent SVID') < 2) {
      await world.betweenRounds();
      world.clock.advance(10_000);
    }
    await expect.poll(() => storedSvid(world)).not.toBeUndefined();
    expect(agent.log.count('Could not store SVID')).toBe(1);
  });
});
