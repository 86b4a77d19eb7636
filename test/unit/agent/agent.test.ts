import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { RpcCode } from '../../../src/lib/rpc/status.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { AgentWorld, type RunningAgent } from './agent-world.ts';
import { makeCa } from './certificates.ts';
import { rejection } from './support.ts';

/** SPIFFE IDs in an answer. */
function idsOf({ svids }: { svids: readonly { spiffeId: string }[] }): string[] {
  return svids.map(({ spiffeId }) => spiffeId);
}

function stored(world: AgentWorld): { svid: string[] | null; bundle: string[] | null; reattestable: boolean } {
  return JSON.parse(readFileSync(world.folder.file('data/agent-data.json'), 'utf8'));
}

describe('an agent that starts', () => {
  test('attests with its token and serves SVIDs', async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'web' });
    await using agent = await world.start();
    await agent.ready();
    const { svids } = await agent.fetch();
    expect(idsOf({ svids })).toEqual(['spiffe://example.org/web']);
    const [leaf] = Certificate.parseAll(svids[0]?.x509Svid ?? new Uint8Array());
    expect(leaf?.uris).toEqual(['spiffe://example.org/web']);
    expect(world.server.calls.slice(0, 6)).toEqual([
      'AttestAgent',
      'GetBundle',
      'PostStatus',
      'SyncAuthorizedEntries',
      'GetBundle',
      'BatchNewX509SVID',
    ]);
    expect(statSync(world.folder.file('data/agent-data.json')).mode & 0o777).toBe(0o600);
    expect(stored(world)).toMatchObject({ reattestable: false, svid: [expect.any(String)] });
  });

  test('F8: takes its SVID from the last run, and the used token does not matter', async () => {
    await using world = await AgentWorld.open();
    {
      await using first = await world.start();
      await first.ready();
    }
    await using second = await world.start();
    await second.ready();
    expect(world.server.count('AttestAgent')).toBe(1);
    expect(second.log.count('SVID loaded')).toBe(1);
  });

  test('needs no token while its SVID is valid, and says so when it is not', async () => {
    await using world = await AgentWorld.open({ agentLifeMs: 10_000 });
    {
      await using first = await world.start();
      await first.ready();
    }
    {
      await using second = await world.start({ token: '' });
      await second.ready();
    }
    world.clock.advance(10_000);
    await using third = await world.start({ token: '' });
    expect(await third.ended).toMatchObject({ message: expect.stringContaining('join token was not provided') });
    expect(third.log.count('SVID is expired')).toBe(1);
  });

  test('F10: attests again when the file of its keys is damaged', async () => {
    await using world = await AgentWorld.open();
    {
      await using first = await world.start();
      await first.ready();
    }
    writeFileSync(world.folder.file('data/keys.json'), '{');
    world.server.tokens.add('second');
    await using second = await world.start({ token: 'second' });
    await second.ready();
    expect(second.log.count('set aside')).toBe(1);
    expect(readdirSync(world.folder.file('data')).some((name) => name.startsWith('keys.json.damaged-'))).toBe(true);
    expect(world.server.count('AttestAgent')).toBe(2);
  });

  test('F10: attests again when its data file is damaged', async () => {
    await using world = await AgentWorld.open();
    {
      await using first = await world.start();
      await first.ready();
    }
    writeFileSync(world.folder.file('data/agent-data.json'), '');
    world.server.tokens.add('second');
    await using second = await world.start({ token: 'second' });
    await second.ready();
    expect(second.log.count('set aside')).toBe(1);
  });

  test('F11: refuses a server of another authority, and goes on when the bundle is put right', async () => {
    await using world = await AgentWorld.open();
    const stranger = await makeCa(world.clock.nowMs());
    writeFileSync(world.folder.file('bundle.pem'), stranger.certificate.toPem());
    await using agent = await world.start();
    await agent.log.until('retry_interval=');
    expect(agent.log.count("Trust Bundle and Server don't agree, bootstrapping again")).toBe(1);
    expect(world.server.calls).toEqual([]);
    writeFileSync(world.folder.file('bundle.pem'), world.server.bundlePem);
    world.clock.advance(5000);
    await agent.ready();
  });

  test('gives up on a refused token after a minute', async () => {
    await using world = await AgentWorld.open();
    await using agent = await world.start({ token: 'wrong' });
    for (let failures = 1; failures <= 3; failures++) {
      await agent.log.until('Failed to retrieve attestation result', failures);
      world.clock.advance(20_000);
    }
    expect(await agent.ended).toMatchObject({
      message: expect.stringContaining('join token does not exist or has already been used'),
    });
  });

  test('F9: waits for its server with growing pauses, and after a minute ends with its data as they were', async () => {
    await using world = await AgentWorld.open();
    {
      await using first = await world.start();
      await first.ready();
    }
    const before = readFileSync(world.folder.file('data/agent-data.json'), 'utf8');
    await world.server.goAway();
    {
      await using second = await world.start();
      for (const [index, waitMs] of [5000, 7500, 11_250, 16_875].entries()) {
        await second.log.until('Failed to initialize manager', index + 1);
        await world.clock.untilAwaited(waitMs);
        world.clock.advance(waitMs);
      }
      expect(await second.ended).toMatchObject({ code: 'unavailable' });
    }
    expect(readFileSync(world.folder.file('data/agent-data.json'), 'utf8')).toBe(before);
    await world.server.comeBack();
    await using third = await world.start();
    await third.ready();
    expect(world.server.count('AttestAgent')).toBe(1);
  });

  test('does not try again when it is denied', async () => {
    await using world = await AgentWorld.open();
    world.server.refusal = 'AGENT_BANNED';
    await using agent = await world.start();
    expect(await agent.ended).toMatchObject({ message: expect.stringContaining('agent is banned') });
    expect(world.server.count('AttestAgent')).toBe(1);
  });

  test('trusts whoever answers if the operator says so, and knows the server from then on', async () => {
    await using world = await AgentWorld.open();
    await using agent = await world.start({ trust: 'insecure_bootstrap = true' });
    await agent.ready();
    expect(agent.log.count('Insecure bootstrap enabled')).toBeGreaterThan(0);
    expect(stored(world).bundle).toHaveLength(1);
  });

  test('warns of keys that do not survive it', async () => {
    await using world = await AgentWorld.open();
    await using agent = await world.start({ keyManager: 'KeyManager "memory" { plugin_data {} }' });
    await agent.ready();
    expect(agent.log.count("key manager 'memory'")).toBe(1);
    expect(existsSync(world.folder.file('data/keys.json'))).toBe(false);
  });

  test('is refused before it does anything while another one serves its socket', async () => {
    await using world = await AgentWorld.open();
    await using first = await world.start();
    await first.ready();
    const calls = world.server.calls.length;
    await using second = await world.start();
    expect(await second.ended).toMatchObject({ code: 'already-exists' });
    expect(world.server.calls).toHaveLength(calls);
    expect(idsOf(await first.fetch().catch(() => ({ svids: [] })))).toEqual([]);
  });

  test('stops when told to, whatever it waits for', async () => {
    await using world = await AgentWorld.open();
    const agent = await world.start({ token: 'wrong' });
    await agent.log.until('retry_interval=');
    expect(await agent.stop()).toMatchObject({ name: 'AbortError' });
    expect(existsSync(world.socketPath)).toBe(false);
  });

  test('never writes token or keys to its log', async () => {
    await using world = await AgentWorld.open();
    world.server.tokens.add('very-secret-token');
    world.server.put({ id: 'web' });
    await using agent = await world.start({ token: 'very-secret-token' });
    await agent.ready();
    await agent.fetchJwt('x');
    const text = agent.log.lines.join('').replaceAll('join_token/very-secret-token', '');
    expect(text).not.toContain('very-secret-token');
    expect(text).not.toContain('PRIVATE KEY');
    expect(text).not.toMatch(/eyJ/);
  });
});

describe('an agent that runs', () => {
  test('learns of a change at once where the server gives notice', async () => {
    await using world = await AgentWorld.open({ hasNotices: true });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await using client = agent.client();
    const updates = agent.watch(client);
    expect(idsOf((await updates.next()).value)).toEqual(['spiffe://example.org/a']);
    await world.betweenRounds();
    world.server.put({ id: 'b', hint: 'second' });
    expect(idsOf((await updates.next()).value)).toEqual(['spiffe://example.org/a', 'spiffe://example.org/b']);
    await world.betweenRounds();
    world.server.delete('a');
    expect(idsOf((await updates.next()).value)).toEqual(['spiffe://example.org/b']);
  });

  test('asks every five seconds where it does not', async () => {
    await using world = await AgentWorld.open();
    await using agent = await world.start();
    await agent.ready();
    expect(await rejection(agent.fetch())).toMatchObject({ status: RpcCode.permissionDenied });
    world.server.put({ id: 'a' });
    await world.nextRound();
    expect(idsOf(await agent.fetch())).toEqual(['spiffe://example.org/a']);
  });

  test('goes on serving while the server does not answer, and asks it less often', async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await world.betweenRounds();
    await world.server[Symbol.asyncDispose]();
    for (const waitMs of [5000, 7500, 11_250]) {
      await world.clock.untilAwaited(waitMs);
      world.clock.advance(waitMs);
      await agent.log.until('Synchronize failed');
      await world.clock.untilAwaited(100);
      world.clock.advance(100);
    }
    expect(idsOf(await agent.fetch())).toEqual(['spiffe://example.org/a']);
  });

  test('replaces SVIDs after half of their life', async () => {
    await using world = await AgentWorld.open({ svidLifeMs: 50_000 });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await using client = agent.client();
    const updates = agent.watch(client);
    const first = (await updates.next()).value;
    // Valid since 10 s before it was made: half of 60 s are over after 20 s.
    for (const _ of [5, 10, 15]) await world.nextRound();
    expect(agent.log.count('Renewing X509-SVID')).toBe(0);
    for (const _ of [20, 25]) await world.nextRound();
    const second = (await updates.next()).value;
    expect(Buffer.compare(first.svids[0].x509Svid, second.svids[0].x509Svid)).not.toBe(0);
    expect(Buffer.compare(first.svids[0].x509SvidKey, second.svids[0].x509SvidKey)).not.toBe(0);
    expect(agent.log.count('Renewing X509-SVID')).toBe(1);
  });

  test('replaces an SVID that ends before the next round when it is due', async () => {
    // Dated back by 10 s: half of its 14 s are over when it is received, and then a quarter of the rest has to pass.
    await using world = await AgentWorld.open({ svidLifeMs: 4_000 });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await using client = agent.client();
    const updates = agent.watch(client);
    const first = (await updates.next()).value;
    await world.clock.untilAwaited(1_000);
    world.clock.advance(1_000);
    const second = (await updates.next()).value;
    expect(Buffer.compare(first.svids[0].x509Svid, second.svids[0].x509Svid)).not.toBe(0);
    expect(agent.log.count('Renewing X509-SVID')).toBe(1);
  });

  test('replaces its own SVID after half of its life, and uses the new one', async () => {
    await using world = await AgentWorld.open({ agentLifeMs: 50_000 });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    const before = stored(world).svid;
    await world.clock.untilAwaited(20_000);
    world.clock.advance(20_000);
    await agent.log.until('Successfully rotated agent SVID');
    await world.clock.untilAwaited(20_000);
    expect(stored(world).svid).not.toEqual(before);
    expect(Object.keys(JSON.parse(readFileSync(world.folder.file('data/keys.json'), 'utf8')).keys)).toEqual([
      'agent-svid-A',
      'agent-svid-B',
    ]);
    await world.nextRound();
    expect(world.server.refusal).toBeUndefined();
    expect(agent.log.count('level=error')).toBe(0);
  });

  test('does not sign again for an entry that the server refuses, until the next round', async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'good' });
    world.server.put({ id: 'refused' });
    world.server.unsigned.add('refused');
    await using agent = await world.start();
    await agent.ready();
    expect(idsOf(await agent.fetch())).toEqual(['spiffe://example.org/good']);
    world.server.unsigned.clear();
    await world.nextRound();
    expect(idsOf(await agent.fetch())).toEqual(['spiffe://example.org/good', 'spiffe://example.org/refused']);
  });

  test('gives out what entries for SVID stores hold to nobody', async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'stored', storeSvid: true });
    await using agent = await world.start();
    await agent.ready();
    expect(await rejection(agent.fetch())).toMatchObject({ status: RpcCode.permissionDenied });
    expect(await rejection(agent.fetchJwt('x'))).toMatchObject({ status: RpcCode.permissionDenied });
    expect(world.server.count('BatchNewX509SVID')).toBe(0);
  });

  test('fetches bundles of federated trust domains, and does without those that the server lacks', async () => {
    await using world = await AgentWorld.open();
    const far = await makeCa(world.clock.nowMs());
    world.server.federated.set(
      'far.org',
      Bundle.create({ trustDomain: 'far.org', x509Authorities: [{ asn1: far.certificate.der, tainted: false }] }),
    );
    world.server.put({ id: 'a', federatesWith: ['far.org', 'unknown.org'] });
    await using agent = await world.start();
    await agent.ready();
    const { federatedBundles } = await agent.fetch();
    expect(Object.keys(federatedBundles)).toEqual(['spiffe://far.org']);
    expect(agent.log.count('Federated bundle not found')).toBeGreaterThan(0);
  });

  test.each([
    ['pages of revisions', 2],
    ['the older call', 'unimplemented'],
  ] as const)('synchronises many entries by %s', async (_, syncPageSize) => {
    await using world = await AgentWorld.open({ syncPageSize });
    for (const id of ['a', 'b', 'c', 'd', 'e']) world.server.put({ id });
    await using agent = await world.start();
    await agent.ready();
    expect(idsOf(await agent.fetch())).toHaveLength(5);
  });

  test('makes keys of the configured kind', async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'a' });
    await using agent = await world.start({ keys: 'workload_x509_svid_key_type = "rsa-2048"' });
    await agent.ready();
    const [leaf] = Certificate.parseAll((await agent.fetch()).svids[0]?.x509Svid ?? new Uint8Array());
    expect(leaf?.publicKey.asymmetricKeyType).toBe('rsa');
  });
});

describe('JWT-SVIDs', () => {
  test('come from the cache during half of their life', async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    const first = await agent.fetchJwt('x');
    world.clock.advance(149_000);
    expect(await agent.fetchJwt('x')).toEqual(first);
    expect(world.server.count('NewJWTSVID')).toBe(1);
    world.clock.advance(2000);
    expect(await agent.fetchJwt('x')).not.toEqual(first);
    expect(world.server.count('NewJWTSVID')).toBe(2);
  });

  test('are signed once for workloads that ask at the same time', async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await Promise.all([1, 2, 3].map(() => agent.fetchJwt('x')));
    expect(world.server.count('NewJWTSVID')).toBe(1);
  });

  test('with an ID of their own are never shared', async () => {
    await using world = await AgentWorld.open();
    world.server.put({
      id: 'a',
      additionalAttributes: { disableX509SvidPrefetch: false, jwtSvidIncludeJti: true },
    });
    await using agent = await world.start();
    await agent.ready();
    expect(await agent.fetchJwt('x')).not.toEqual(await agent.fetchJwt('x'));
  });
});

describe('a tainted authority', () => {
  test("has all its SVIDs replaced, the agent's own too", async () => {
    await using world = await AgentWorld.open();
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await agent.fetchJwt('x');
    await world.betweenRounds();
    await using client = agent.client();
    const updates = agent.watch(client);
    await updates.next();
    const { ca } = world.server;
    await world.server.rotateCa();
    world.server.tainted.add(Buffer.from(ca.certificate.subjectKeyId ?? []).toString('hex'));
    world.server.tainted.add(world.server.jwtKeyId);
    await world.nextRound();
    await agent.log.until('Successfully rotated agent SVID');
    for (;;) {
      const { svids } = (await updates.next()).value;
      const [leaf] = Certificate.parseAll(svids[0].x509Svid);
      if (leaf?.isSignedBy(world.server.ca.signer.publicKey) === true) break;
    }
    expect(agent.log.count('JWT-SVIDs were removed from the JWT cache')).toBeGreaterThan(0);
    await agent.fetchJwt('x');
    expect(world.server.count('NewJWTSVID')).toBe(2);
  });
});

describe('an agent that its server refuses', () => {
  test.each(['AGENT_EXPIRED', 'AGENT_NOT_ATTESTED', 'AGENT_NOT_ACTIVE', 'AGENT_MUST_REATTEST'] as const)(
    'F12: with %s ends and forgets its SVID if it cannot attest again, but keeps the bundle',
    async (reason) => {
      await using world = await AgentWorld.open();
      await using agent = await world.start();
      await agent.ready();
      await world.betweenRounds();
      world.server.refusal = reason;
      world.clock.advance(5000);
      expect(await agent.ended).toMatchObject({ message: expect.stringContaining('PermissionDenied') });
      expect(agent.log.count('Agent failed re-attestation; removing SVID and shutting down')).toBe(1);
      expect(stored(world)).toMatchObject({ svid: null, bundle: [expect.any(String)] });
      expect(existsSync(world.socketPath)).toBe(false);
    },
  );

  test('F12: attests again in process if it can, and goes on', async () => {
    await using world = await AgentWorld.open({ isReattestable: true });
    world.server.put({ id: 'a' });
    await using agent = await world.start();
    await agent.ready();
    await world.betweenRounds();
    world.server.refusal = 'AGENT_NOT_ATTESTED';
    world.clock.advance(5000);
    await agent.log.until('Successfully reattested node');
    world.server.put({ id: 'b' });
    await world.nextRound();
    expect(idsOf(await agent.fetch())).toHaveLength(2);
  });

  test('F12: ends for good when it is banned', async () => {
    await using world = await AgentWorld.open({ isReattestable: true });
    await using agent = await world.start();
    await agent.ready();
    await world.betweenRounds();
    world.server.refusal = 'AGENT_BANNED';
    world.clock.advance(5000);
    expect(await agent.ended).toMatchObject({ message: expect.stringContaining('PermissionDenied') });
    expect(agent.log.count('Agent is banned: removing SVID and shutting down')).toBe(1);
    expect(stored(world).svid).toBeNull();
    expect(world.server.count('AttestAgent')).toBe(1);
  });

  test('F12: at its start ends at once and forgets its SVID', async () => {
    await using world = await AgentWorld.open();
    {
      await using first = await world.start();
      await first.ready();
    }
    world.server.refusal = 'AGENT_NOT_ATTESTED';
    await using second = await world.start();
    expect(await second.ended).toMatchObject({ message: expect.stringContaining('PermissionDenied') });
    expect(second.log.count('Agent needs to re-attest: removing SVID and shutting down')).toBe(1);
    expect(stored(world).svid).toBeNull();
  });
});

/** Has the agent ask its server until it says something: the first call may still fail on the lost connection. */
async function roundsUntil(world: AgentWorld, agent: RunningAgent, text: string): Promise<void> {
  for (let round = 1; agent.log.count(text) === 0; round++) {
    world.clock.advance(await world.betweenRounds());
    await agent.log.until(/Synchronize failed|ignoring for now/, round);
  }
}

describe('an agent whose server has become another', () => {
  const AUTO = 'rebootstrap_mode = "auto"\n rebootstrap_delay = "1m"';

  test('F11: ends, since nothing tells that server from an attacker', async () => {
    await using world = await AgentWorld.open({ isReattestable: true });
    await using agent = await world.start();
    await agent.ready();
    await world.server.startOver();
    await roundsUntil(world, agent, 'non-recoverable');
    expect(await agent.ended).toMatchObject({
      message: expect.stringMatching(/^failed to sync with SPIRE Server: .*unknown authority/),
    });
    expect(stored(world)).toMatchObject({ svid: [expect.any(String)], bundle: [expect.any(String)] });
  });

  test('F11: does not take it for its own by the word of a federated authority', async () => {
    await using world = await AgentWorld.open({ isReattestable: true });
    const far = await makeCa(world.clock.nowMs(), TrustDomain.parse('far.org'));
    const asn1 = far.certificate.der;
    world.server.federated.set(
      'far.org',
      Bundle.create({ trustDomain: 'far.org', x509Authorities: [{ asn1, tainted: false }] }),
    );
    world.server.put({ id: 'a', federatesWith: ['far.org'] });
    await using agent = await world.start();
    await agent.ready();
    expect(Object.keys((await agent.fetch()).federatedBundles)).toEqual(['spiffe://far.org']);
    await world.server.startOver();
    await world.server.useIdentity('/spire/server', far);
    const callsBefore = world.server.calls.length;
    await roundsUntil(world, agent, 'non-recoverable');
    expect(await agent.ended).toMatchObject({ message: expect.stringMatching(/unknown authority/) });
    expect(world.server.calls.slice(callsBefore)).toEqual([]);
  });

  test('F11: forgets it after a delay where the operator allows that, and starts over with the new bundle', async () => {
    await using world = await AgentWorld.open({ isReattestable: true });
    {
      await using agent = await world.start({ keys: AUTO });
      await agent.ready();
      await world.server.startOver();
      await roundsUntil(world, agent, 'ignoring for now');
      await world.nextRound();
      expect(stored(world).svid).toHaveLength(1);
      world.clock.advance(60_000);
      expect(await agent.ended).toMatchObject({ name: 'RebootstrapNeeded' });
      expect(stored(world)).toMatchObject({ svid: null, bundle: null });
    }
    writeFileSync(world.folder.file('bundle.pem'), world.server.bundlePem);
    await using next = await world.start({ keys: AUTO });
    await next.ready();
    expect(stored(world)).toMatchObject({ bundle: [expect.any(String)], bootstrap_start_time: '0001-01-01T00:00:00Z' });
  });

  test('F15: waits for the delay once more, not for ever, when its clock was set back meanwhile', async () => {
    await using world = await AgentWorld.open({ isReattestable: true });
    await using agent = await world.start({ keys: AUTO });
    await agent.ready();
    await world.server.startOver();
    await roundsUntil(world, agent, 'ignoring for now');
    const ignored = agent.log.count('ignoring for now');
    world.clock.jump(-1000 * 3_600_000);
    await world.server.useIdentity('/spire/server');
    world.clock.advance(await world.betweenRounds());
    await agent.log.until('ignoring for now', ignored + 1);
    expect(agent.log.count('time_left=1m0s')).toBe(2);
  });

  test('goes on with it when it was only there for a moment', async () => {
    await using world = await AgentWorld.open({ isReattestable: true });
    const { ca } = world.server;
    await using agent = await world.start({ keys: AUTO });
    await agent.ready();
    await world.server.startOver();
    await roundsUntil(world, agent, 'ignoring for now');
    expect(stored(world)).not.toMatchObject({ bootstrap_start_time: '0001-01-01T00:00:00Z' });
    world.server.ca = ca;
    world.server.cas = [ca];
    await world.server.useIdentity('/spire/server', ca);
    world.clock.advance(await world.betweenRounds());
    await agent.log.until('Successfully reattested node');
    await world.nextRound();
    expect(stored(world)).toMatchObject({ bootstrap_start_time: '0001-01-01T00:00:00Z' });
  });

  test.each([
    ['auto', undefined],
    ['always', expect.objectContaining({ code: 'failed-precondition' })],
  ])('needs a node that can attest again for that: %s', async (mode, failure) => {
    await using world = await AgentWorld.open();
    await using agent = await world.start({ keys: `rebootstrap_mode = "${mode}"` });
    if (failure === undefined) {
      await agent.ready();
      expect(agent.log.count('cannot attest again')).toBe(1);
    } else expect(await agent.ended).toEqual(failure);
  });
});
