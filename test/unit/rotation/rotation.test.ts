import { describe, expect, it } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { leadsTo } from '../../../src/lib/crypto/chain.ts';
import { Rotation, type RotationOptions } from '../../../src/lib/rotation/rotation.ts';
import type { RotationPlan } from '../../../src/lib/rotation/rotation-plan.ts';
import type { RpcClient } from '../../../src/lib/rpc/client.ts';
import type { Server } from '../../../src/lib/server/server.ts';
import { BundleDefinition } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { LocalAuthorityDefinition } from '../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { TrustDomainDefinition } from '../../../src/lib/wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import type { AgentIdentity } from '../../support/attest-agent.ts';
import { ServerHome } from '../server/running-server.ts';

const MINUTE_MS = 60_000;

/** Lets the clock run until the work is done, a step at a time; returns what it came to. */
async function runClock<T>(home: ServerHome, work: Promise<T>, stepMs = 1_000): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    home.clock.advance(stepMs);
  }
  return await done;
}

function rotationOf(home: ServerHome, rpc: RpcClient, options: Partial<RotationOptions> = {}): Rotation {
  return new Rotation({ rpc, kind: 'x509', clock: home.clock, mayMeasure: true, ...options });
}

/** One a second, as a server lets one host attest. */
async function attestAll(home: ServerHome, server: Server, count: number) {
  const agents: Awaited<ReturnType<ServerHome['attest']>>[] = [];
  for (let index = 0; index < count; index += 1) {
    home.clock.advance(1_100);
    agents.push(await home.attest(server));
  }
  return agents;
}

async function rootsOf(rpc: RpcClient): Promise<Certificate[]> {
  const bundle = await rpc.unary(BundleDefinition, 'getBundle', { outputMask: undefined });
  return bundle.x509Authorities.map(({ asn1 }) => Certificate.parse(asn1));
}

/** Whether the SVID still leads to a root, at a moment at which it has not ended. */
function isTrusted({ certificateChain: [leaf = new Uint8Array()] }: AgentIdentity, roots: readonly Certificate[]) {
  const certificate = Certificate.parse(leaf);
  return leadsTo([certificate], roots, certificate.notAfterMs - 1_000);
}

describe('a rotation', () => {
  it('does each step when it is safe, and revokes when nothing of the old authority is left', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const rpc = home.local();
    const { identity } = await home.attest(server);
    await rpc.unary(EntryDefinition, 'batchCreateEntry', {
      entries: [
        Entry.create({
          spiffeId: { trustDomain: 'example.org', path: '/web' },
          parentId: { trustDomain: 'example.org', path: '/host' },
          selectors: [{ type: 'unix', value: 'uid:1' }],
          x509SvidTtl: 1800,
        }),
      ],
      outputMask: undefined,
    });
    const startedMs = home.clock.nowMs();
    const steps: [string | undefined, number][] = [];
    const last = await runClock(
      home,
      rotationOf(home, rpc).watch({
        onStep: ({ next }) => steps.push([next?.step, Math.round((home.clock.nowMs() - startedMs) / MINUTE_MS)]),
      }),
      10_000,
    );
    expect(steps.map(([step]) => step)).toEqual(['prepare', 'activate', 'taint', 'revoke']);
    expect(last.isDone).toBe(true);
    const [leaf = new Uint8Array()] = identity.certificateChain;
    // The agent never renewed: its SVID was waited for.
    expect(home.clock.nowMs()).toBeGreaterThanOrEqual(Certificate.parse(leaf).notAfterMs);
    expect(steps[1]?.[1]).toBeLessThan(10);
    expect(steps[3]?.[1]).toBeGreaterThanOrEqual(59);
  });

  it('announces exactly those agents that a forced revocation cuts off', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const rpc = home.local();
    const before = await attestAll(home, server, 3);
    const rotation = rotationOf(home, rpc);
    await rotation.step(await rotation.plan());
    await rotation.step(await rotation.plan());
    home.clock.advance(2_000);
    const after = await attestAll(home, server, 2);
    home.clock.advance(6_000);
    const plan = await rotation.plan();
    const announced = plan.oldSvids.agents.map(({ id }) => id).sort();
    expect(announced).toEqual(before.map(({ agentId }) => `spiffe://example.org${agentId.path}`).sort());
    await rotation.step(plan);
    const revoke = await rotation.plan();
    expect(revoke.next).toMatchObject({ step: 'revoke', isSafe: false });
    expect(revoke.findings.find(({ code }) => code === 'SPK-6003')?.subject).toBe('3 agents');
    await rotation.step(revoke);
    const roots = await rootsOf(rpc);
    expect(before.map(({ identity }) => isTrusted(identity, roots))).toEqual([false, false, false]);
    expect(after.map(({ identity }) => isTrusted(identity, roots))).toEqual([true, true]);
  });

  it('is resumed by another process where the first one stopped', async () => {
    await using home = new ServerHome();
    await home.start();
    const rpc = home.local();
    const [first] = (await rotationOf(home, rpc).plan()).look.slots;
    const phases: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const until = (['prepared', 'activated', 'tainted', 'revoked'] as const)[round];
      const last = await runClock(home, rotationOf(home, rpc, { until }).watch());
      expect(last.state.targetId).toBe(first?.authorityId);
      phases.push(last.state.phase);
    }
    expect(phases).toEqual(['prepared', 'activated', 'tainted', 'revoked']);
    expect((await rotationOf(home, rpc).plan()).isDone).toBe(true);
  });

  it('is done no harm by a second one at the same time', async () => {
    await using home = new ServerHome();
    await home.start();
    const rpc = home.local();
    const steps: (string | undefined)[] = [];
    const onStep = ({ next }: RotationPlan): void => void steps.push(next?.step);
    const one = rotationOf(home, rpc).watch({ onStep });
    const two = rotationOf(home, home.local()).watch({ onStep });
    const [a, b] = await runClock(home, Promise.all([one, two]));
    expect([a.isDone, b.isDone]).toEqual([true, true]);
    expect(a.state.targetId).toBe(b.state.targetId);
    const slots = await rpc.unary(LocalAuthorityDefinition, 'getX509AuthorityState', {});
    const roots = (await rootsOf(rpc)).map(({ subjectKeyId }) => Buffer.from(subjectKeyId ?? []).toString('hex'));
    expect(roots).toContain(slots.active?.authorityId);
    expect(roots).not.toContain(a.state.targetId);
  });

  it('goes on when the server was away for a while', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const troubles: string[] = [];
    const watching = rotationOf(home, home.local(), { until: 'activated' }).watch({
      onStep: ({ next }) => {
        if (next?.step === 'prepare') void server[Symbol.asyncDispose]();
      },
      onTrouble: ({ code }) => {
        troubles.push(code);
        if (troubles.length === 1) void server[Symbol.asyncDispose]().then(() => home.start());
      },
    });
    const last = await runClock(home, watching);
    expect(troubles).toContain('unavailable');
    expect(last.isDone).toBe(true);
  });

  it('names federated trust domains while they may lack the bundle, and waits for their refresh', async () => {
    await using home = new ServerHome();
    await home.start();
    const rpc = home.local();
    await rpc.unary(TrustDomainDefinition, 'batchCreateFederationRelationship', {
      federationRelationships: [
        {
          trustDomain: 'far.example',
          bundleEndpointUrl: 'https://127.0.0.1:1/',
          bundleEndpointProfile: { $case: 'httpsWeb', value: {} },
          trustDomainBundle: undefined,
        },
      ],
      outputMask: undefined,
    });
    const rotation = rotationOf(home, rpc);
    await rotation.step(await rotation.plan());
    const plan = await rotation.plan();
    expect(plan.next).toMatchObject({ step: 'activate', isSafe: false });
    expect(plan.findings.map(({ code, evidence }) => [code, evidence])).toEqual([['SPK-6002', ['far.example']]]);
    home.clock.advance(5 * MINUTE_MS + 1_000);
    expect((await rotation.plan()).next).toMatchObject({ step: 'activate', isSafe: true });
  });

  it('retires JWT keys as well', async () => {
    await using home = new ServerHome();
    await home.start();
    const rpc = home.local();
    const last = await runClock(home, rotationOf(home, rpc, { kind: 'jwt' }).watch());
    expect(last.isDone).toBe(true);
    const bundle = await rpc.unary(BundleDefinition, 'getBundle', { outputMask: undefined });
    expect(bundle.jwtAuthorities.map(({ keyId }) => keyId)).not.toContain(last.state.targetId);
  });

  it('begins nothing anew when the last one is done', async () => {
    await using home = new ServerHome();
    await home.start();
    const rpc = home.local();
    const first = await runClock(home, rotationOf(home, rpc).watch());
    const again = await runClock(home, rotationOf(home, rpc).watch());
    expect(again.state.targetId).toBe(first.state.targetId);
    expect(again.look.slots).toEqual(first.look.slots);
    const active = again.look.slots.find(({ slot }) => slot === 'active')?.authorityId ?? '';
    const named = await rotationOf(home, rpc, { authorityId: active }).plan();
    expect(named.next?.step).toBe('prepare');
  });

  it('says that an authority stands in no slot any more, and warns before one loses its slot', async () => {
    await using home = new ServerHome();
    await home.start();
    const rpc = home.local();
    const first = await runClock(home, rotationOf(home, rpc, { until: 'activated' }).watch());
    const active = (await rotationOf(home, rpc).plan()).look.slots.find(({ slot }) => slot === 'active');
    const other = rotationOf(home, rpc, { authorityId: active?.authorityId ?? '' });
    const warned = await other.plan();
    expect(warned.findings.map(({ code }) => code)).toEqual(['SPK-6007']);
    await other.step(warned);
    const lost = await rotationOf(home, rpc, { authorityId: first.state.targetId }).plan();
    expect(lost).toMatchObject({ isDone: false, next: undefined });
    expect(lost.findings.map(({ code }) => code)).toEqual(['SPK-6009']);
  });
});
