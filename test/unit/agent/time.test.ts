import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import type { X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { AgentWorld, type RunningAgent } from './agent-world.ts';
import { settle } from './support.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const ROTATED = 'Successfully rotated agent SVID';

describe('F16: a machine that slept 12 hours', () => {
  test('has the SVIDs of agent and workloads replaced at once', async () => {
    await using world = await AgentWorld.open({ agentLifeMs: 20 * HOUR_MS, svidLifeMs: 20 * HOUR_MS });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await world.betweenRounds();
    world.clock.suspend(12 * HOUR_MS);
    world.clock.advance(4 * SECOND_MS);
    await Promise.all([agent.log.until(ROTATED), agent.log.until('Renewing X509-SVID')]);
    expect(agent.log.count('this machine slept" by=12h0m0s')).toBe(1);
  });
});

describe('F15: a clock that is set', () => {
  test('back an hour does not put off what is due', async () => {
    await using world = await AgentWorld.open({ agentLifeMs: 50 * SECOND_MS, svidLifeMs: 50 * SECOND_MS });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await world.betweenRounds();
    world.clock.jump(-HOUR_MS);
    await world.nextRound();
    expect(agent.log.count('The clock was set back')).toBe(1);
    // Half of 60 s are over 20 s after the start.
    for (const _ of [10, 15]) await world.nextRound();
    expect(agent.log.count(ROTATED)).toBe(0);
    world.clock.advance(await world.betweenRounds());
    await Promise.all([agent.log.until(ROTATED), agent.log.until('Renewing X509-SVID')]);
    world.clock.advance(await world.betweenRounds());
    await agent.log.until(/certificate is not yet valid: .*, by 59m/);
  });

  test('forward a month ends an agent that has nothing left, and its data are good when the clock is right again', async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'a' });
    {
      await using agent = await world.start();
      await agent.ready();
      await world.betweenRounds();
      world.clock.jump(30 * DAY_MS);
      world.clock.advance(4 * SECOND_MS);
      expect(await agent.ended).toMatchObject({ name: 'AgentEnd', reason: 'svid-expired' });
      expect(agent.log.count(/certificate has expired: .*, by \d{3}h/)).toBeGreaterThan(0);
    }
    world.clock.jump(-30 * DAY_MS);
    await using agent = await world.start({ token: '' });
    await agent.ready();
    expect(world.server.count('AttestAgent')).toBe(1);
  });

  test.each([
    ['60 days', 60 * DAY_MS],
    ['10 years', 3652 * DAY_MS],
  ])('during an SVID of %s: it is replaced at half of its life, and no timer fires early', async (_, lifeMs) => {
    await using world = await AgentWorld.open({ agentLifeMs: lifeMs, svidLifeMs: lifeMs, ownLifeMs: lifeMs });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await world.betweenRounds();
    world.clock.jump(0.49 * lifeMs);
    for (const _round of [1, 2, 3]) await world.nextRound();
    expect(agent.log.count(ROTATED) + agent.log.count('Renewing X509-SVID')).toBe(0);
    world.clock.jump(0.02 * lifeMs);
    world.clock.advance(4 * SECOND_MS);
    await Promise.all([agent.log.until(ROTATED), agent.log.until('Renewing X509-SVID')]);
  });
});

describe('F15: a machine whose clock starts in the past', () => {
  test('says so, and has its data when the clock is right', async () => {
    await using world = await AgentWorld.open();
    {
      await using first = await world.start();
      await first.ready();
    }
    world.clock.jump(-HOUR_MS);
    await using second = await world.start();
    await second.log.until('The clock of this machine is at least 59m50s behind: the SVID of the agent');
    world.clock.jump(HOUR_MS);
    world.clock.advance(5 * SECOND_MS);
    await second.ready();
    expect(world.server.count('AttestAgent')).toBe(1);
  });
});

describe('F14: clocks that differ', () => {
  test.each([-9, 60])('by a little (server ahead by %d s) do no harm', async (seconds) => {
    await using world = await AgentWorld.open({ serverAheadMs: -seconds * SECOND_MS });
    await using agent = await world.start();
    await agent.ready();
    expect(agent.log.count('The clock of this machine')).toBe(0);
  });

  test('are named when the agent cannot attest, with how much they differ', async () => {
    await using world = await AgentWorld.open({ serverAheadMs: MINUTE_MS });
    await using agent = await world.start();
    await agent.log.until('Failed to retrieve attestation result');
    expect(agent.log.count(/certificate is not yet valid: .*, by 50s; does the clock of this machine agree/)).toBe(1);
  });

  test('are named when the agent is behind, and nothing is put off until it is too late', async () => {
    await using world = await AgentWorld.open({ agentLifeMs: HOUR_MS, serverAheadMs: 3 * HOUR_MS });
    await using agent = await world.start({ trust: 'insecure_bootstrap = true' });
    await agent.log.until('about 3h0m0s behind the server');
    expect(agent.log.count('is not valid here yet')).toBe(1);
  });

  test('do not make an agent that is ahead ask again and again', async () => {
    const life = { agentLifeMs: HOUR_MS, svidLifeMs: HOUR_MS };
    await using world = await AgentWorld.open({ ...life, serverAheadMs: -40 * MINUTE_MS });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    expect(agent.log.count('about 40m0s ahead of the server')).toBe(1);
    await agent.log.until(ROTATED);
    for (let round = 0; round < 20; round++) await world.nextRound();
    expect(world.server.count('RenewAgent')).toBe(1);
    expect(world.server.count('BatchNewX509SVID')).toBe(1);
    expect(agent.log.count('level=error')).toBe(0);
  });

  test('do not make an agent for which everything has expired ask again and again', async () => {
    const life = { agentLifeMs: HOUR_MS, svidLifeMs: 10 * MINUTE_MS, ownLifeMs: DAY_MS };
    await using world = await AgentWorld.open({ ...life, serverAheadMs: -20 * MINUTE_MS });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await using client = agent.client();
    const never = agent.watch(client).next();
    const before = world.server.count('BatchNewX509SVID');
    for (let round = 0; round < 20; round++) await world.nextRound();
    // One for each round, and some of its own accord with growing pauses in between.
    expect(world.server.count('BatchNewX509SVID') - before).toBeLessThan(40);
    await agent.stop();
    await expect(never).rejects.toThrow();
  });
});

describe('F7: an agent whose SVID ends while the server is away', () => {
  const life = { agentLifeMs: 100 * SECOND_MS, svidLifeMs: 300 * SECOND_MS };
  const EXPIRED = 'The SVID of the agent has expired';

  /** An agent with one SVID for this process, whose own has just expired without a server in sight. */
  async function expire(world: AgentWorld): Promise<RunningAgent> {
    world.server.put({ id: 'a' });
    const agent = await world.start();
    await agent.ready();
    expect(await agent.isReady()).toBe(true);
    await world.betweenRounds();
    await world.server.goAway();
    world.clock.advance(life.agentLifeMs + SECOND_MS);
    await agent.log.until(EXPIRED);
    return agent;
  }

  test('serves what it has, is not ready, and goes on when the server is back and lets it attest again', async () => {
    await using world = await AgentWorld.open({ ...life, isReattestable: true });
    await using agent = await expire(world);
    expect(await agent.isReady()).toBe(false);
    await using client = agent.client();
    const updates = agent.watch(client);
    const first = (await updates.next()).value;
    await world.server.comeBack();
    world.clock.advance(8 * SECOND_MS);
    await agent.log.until('Successfully reattested node');
    while (!(await agent.isReady())) await settle();
    world.clock.advance(40 * SECOND_MS);
    const second = (await updates.next()).value;
    expect(endOf(second)).toBeGreaterThan(endOf(first));
  });

  test('never serves an SVID that has ended, and stays even then if it can attest again', async () => {
    await using world = await AgentWorld.open({ ...life, isReattestable: true });
    await using agent = await expire(world);
    world.clock.advance(life.svidLifeMs);
    await using client = agent.client();
    const waiting = agent.watch(client).next();
    await agent.log.until('Waiting for SVID to get cached');
    await world.server.comeBack();
    world.clock.advance(2 * MINUTE_MS);
    await agent.log.until('Successfully reattested node');
    await world.betweenRounds();
    world.clock.advance(4 * MINUTE_MS);
    expect(endOf((await waiting).value)).toBeGreaterThan(world.clock.nowMs() - 4 * MINUTE_MS);
  });

  test('ends when the server is back and does not attest it, as a banned one', async () => {
    await using world = await AgentWorld.open({ ...life, isReattestable: true });
    await using agent = await expire(world);
    // SPIRE's servers give no reason here.
    world.server.attestationFailure = new RpcError(RpcCode.permissionDenied, 'failed to attest: agent is banned');
    await world.server.comeBack();
    world.clock.advance(8 * SECOND_MS);
    expect(await agent.ended).toMatchObject({
      reason: 'svid-expired',
      message: expect.stringContaining('current SVID has already expired and reattest agent failed'),
    });
  });

  test('ends after the last SVID that it serves if it cannot attest again, and keeps its data', async () => {
    await using world = await AgentWorld.open(life);
    await using agent = await expire(world);
    world.clock.advance(life.svidLifeMs - life.agentLifeMs - 10 * SECOND_MS);
    await agent.log.until('Could not rotate agent SVID', 2);
    expect((await agent.fetch()).svids).toHaveLength(1);
    world.clock.advance(2 * MINUTE_MS);
    expect(await agent.ended).toMatchObject({
      name: 'AgentEnd',
      reason: 'svid-expired',
      message: expect.stringContaining('current SVID has already expired and rotate agent SVID failed'),
    });
    expect(JSON.parse(readFileSync(world.folder.file('data/agent-data.json'), 'utf8')).svid).toHaveLength(1);
  });
});

/** When the first SVID of an answer ends, in milliseconds since the Unix epoch. */
function endOf({ svids }: X509SVIDResponse): number {
  return Certificate.parseAll(svids[0]?.x509Svid ?? new Uint8Array())[0]?.notAfterMs ?? 0;
}
