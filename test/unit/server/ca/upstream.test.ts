import { EventEmitter, on } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { generateKey } from '../../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { parseJournal } from '../../../../src/lib/server/ca/journal-format.ts';
import { MemoryKeyManager } from '../../../../src/lib/server/plugin/keymanager/memory/memory-key-manager.ts';
import type { UpstreamAuthority } from '../../../../src/lib/server/plugin/upstreamauthority/upstream-authority.ts';
import { makeCa } from '../plugin/upstreamauthority/certificate-tree.ts';
import { FakeUpstreamAuthority } from '../plugin/upstreamauthority/fake-upstream-authority.ts';
import { newWorld, type RunningCa, rootsOf, startCa, trustDomain, type World } from './authority-world.ts';
import { bundleOf, expectVerifiable, signBoth } from './signed-by.ts';

const HOUR_MS = 60 * 60 * 1000;
const gone = new SpirekitError('unavailable', 'connection refused');

interface NestedWorld extends World {
  readonly upstreamAuthority: FakeUpstreamAuthority;
}

async function newNestedWorld(): Promise<NestedWorld> {
  const world = await newWorld();
  return { ...world, upstreamAuthority: await FakeUpstreamAuthority.open(trustDomain, world.clock) };
}

const activeId = ({ manager }: RunningCa): string | undefined => manager.x509.current.authority?.authorityId;

async function pass(world: World, { manager }: RunningCa, ms: number): Promise<void> {
  world.clock.advance(ms);
  await manager.settled();
}

/** Lets what is under way come to where it waits. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

const taintsOf = async (world: World): Promise<boolean[]> =>
  (await bundleOf(world)).x509Authorities.map(({ tainted }) => tainted);

describe('a server with an upstream authority', () => {
  test('signs below it, serves the chain without the root, and has the root in its bundle', async () => {
    await using world = await newNestedWorld();
    await world.upstreamAuthority.rotate({ intermediates: 2 });
    await using running = await startCa(world);
    const signed = await signBoth(running.ca);
    expectVerifiable(signed, await bundleOf(world), world.clock.nowMs());
    expect(signed.chain.map(({ issuer }) => issuer.fields().commonName)).toEqual([
      '',
      'intermediate 1',
      'intermediate 0',
      'root 2',
    ]);
    expect((await rootsOf(world)).map(({ subject }) => subject.fields().commonName)).toEqual(['root 1', 'root 2']);
    const { authority } = running.manager.x509.current;
    expect(authority?.upstreamAuthorityId).toBe(world.upstreamAuthority.signingKeyId);
    expect(running.manager.hasUpstream).toBe(true);
  });

  test('asks for ca_ttl, and for a CA with the subject of its own', async () => {
    await using world = await newNestedWorld();
    await using running = await startCa(world, { caTtlSeconds: 7_200 });
    const { authority } = running.manager.x509.current;
    expect(authority?.notAfterSeconds).toBe(Math.floor(world.clock.nowMs() / 1000) + 7_200);
    const { subject, uris } = authority?.certificate ?? {};
    expect(subject?.fields()).toMatchObject({ country: ['US'], organization: ['SPIFFE'] });
    expect(subject?.serialNumber).toMatch(/^\d+$/);
    expect(uris).toEqual(['spiffe://example.org']);
  });

  test('signs CAs of servers below it, and names how many are above them', async () => {
    await using world = await newNestedWorld();
    await world.upstreamAuthority.rotate({ intermediates: 1 });
    await using running = await startCa(world);
    const { publicKey } = signerFromKey(await generateKey('ec-p256'));
    const [below, ...above] = await running.ca.signDownstreamX509Ca({ publicKey });
    expect(below?.subject.fields().organizationalUnit).toEqual(['DOWNSTREAM-2']);
    expect(above).toHaveLength(2);
  });

  test('keeps its CA over a restart, whether the upstream authority is there or not', async () => {
    await using world = await newNestedWorld();
    let first: string | undefined;
    {
      await using running = await startCa(world);
      first = activeId(running);
    }
    const [journal] = await world.datastore.caJournals.listCaJournals();
    expect(parseJournal(journal?.data ?? new Uint8Array()).x509Cas).toMatchObject([
      { upstream: { authorityId: world.upstreamAuthority.signingKeyId } },
    ]);
    world.upstreamAuthority.failure = gone;
    await using again = await startCa(world);
    expect(activeId(again)).toBe(first);
    expect(world.upstreamAuthority.minted).toBe(1);
    expectVerifiable(await signBoth(again.ca), await bundleOf(world), world.clock.nowMs());
  });

  test('does not start without it when it has no CA yet, and says why', async () => {
    await using world = await newNestedWorld();
    world.upstreamAuthority.failure = gone;
    await expect(startCa(world)).rejects.toThrow('connection refused');
    world.upstreamAuthority.failure = undefined;
    await using running = await startCa(world);
    expect(activeId(running)).toBeDefined();
  });

  test('goes on signing while it is gone, says that it is not well, and rotates when it is back', async () => {
    await using world = await newNestedWorld();
    await using running = await startCa(world);
    const first = activeId(running);
    world.upstreamAuthority.failure = gone;
    await pass(world, running, 12 * HOUR_MS);
    for (let tries = 0; tries < 12; tries += 1) await pass(world, running, 10_000);
    expect(running.manager.isHealthy).toBe(false);
    expect(activeId(running)).toBe(first);
    expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
    world.upstreamAuthority.failure = undefined;
    await pass(world, running, 10_000);
    expect(running.manager.isHealthy).toBe(true);
    expect(running.manager.x509.next.status).toBe('prepared');
    await pass(world, running, 8 * HOUR_MS);
    expect(activeId(running)).not.toBe(first);
  });

  test('does not wait for ever for one that is silent', async () => {
    await using world = await newNestedWorld();
    await using running = await startCa(world);
    world.upstreamAuthority.isSilent = true;
    const preparing = running.manager.x509.prepare();
    await until(() => world.clock.isAwaited(30_000));
    world.clock.advance(30_000);
    await expect(preparing).rejects.toMatchObject({ code: 'deadline-exceeded' });
    expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
  });

  test('that is silent does not hold up the end either', async () => {
    await using world = await newNestedWorld();
    const running = await startCa(world);
    world.upstreamAuthority.isSilent = true;
    const preparing = running.manager.x509.prepare();
    await until(() => world.clock.isAwaited(30_000));
    await running[Symbol.asyncDispose]();
    await expect(preparing).rejects.toMatchObject({ code: 'canceled' });
    expect(world.clock.pending).toBe(0);
  });

  test('takes over new roots as they come', async () => {
    await using world = await newNestedWorld();
    await using _running = await startCa(world);
    await world.upstreamAuthority.rotate();
    await until(async () => (await rootsOf(world)).length === 2);
    await world.upstreamAuthority.rotate();
    await until(async () => (await rootsOf(world)).length === 3);
    expect(await taintsOf(world)).toEqual([false, false, false]);
  });

  test('goes on with a CA of its own until it rotates, when it gets an upstream authority', async () => {
    await using world = await newNestedWorld();
    let first: string | undefined;
    {
      await using root = await startCa({
        clock: world.clock,
        datastore: world.datastore,
        keyManager: world.keyManager,
        [Symbol.asyncDispose]: async () => {},
      });
      first = activeId(root);
    }
    await using running = await startCa(world);
    expect(activeId(running)).toBe(first);
    await running.manager.x509.prepare();
    await running.manager.x509.rotate();
    expect(running.manager.x509.current.authority?.upstreamChain).toHaveLength(1);
    expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
  });

  test('becomes a root when it has an upstream authority no more', async () => {
    await using world = await newNestedWorld();
    {
      await using _nested = await startCa(world);
    }
    const { clock, datastore, keyManager } = world;
    await using root = await startCa({ clock, datastore, keyManager, [Symbol.asyncDispose]: async () => {} });
    expect(root.manager.x509.current.authority?.upstreamChain).toEqual([]);
    expect(await rootsOf(world)).toHaveLength(2);
  });

  test.each([
    ['for another key', 'it is for another key'],
    ['that leads nowhere', 'X509 CA produced an invalid X509-SVID chain'],
  ])('refuses a CA %s', async (what, message) => {
    await using world = await newNestedWorld();
    const honest = world.upstreamAuthority;
    const other = await makeCa('other', { nowMs: world.clock.nowMs() });
    const upstreamAuthority = new Proxy(honest, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name !== 'mintX509Ca') return value.bind(target);
        return async (...args: Parameters<typeof honest.mintX509Ca>) => {
          const minted = await honest.mintX509Ca(...args);
          return what === 'for another key'
            ? { ...minted, chain: [other.certificate] }
            : { ...minted, roots: [{ certificate: other.certificate.der, tainted: false }] };
        };
      },
    });
    await expect(startCa({ ...world, upstreamAuthority })).rejects.toThrow(
      `X509 CA minted by upstream authority is invalid: ${message}`,
    );
    expect(await world.datastore.bundles.findBundle(trustDomain)).toBeUndefined();
  });
});

describe('a root that upstream taints', () => {
  test('is left for a CA below the new one, then tainted in the own bundle, then revoked with it', async () => {
    await using world = await newNestedWorld();
    await using running = await startCa(world);
    const told: string[] = [];
    running.manager.onTaintedRoot(({ subject }) => told.push(subject.fields().commonName ?? ''));
    const first = activeId(running);
    await world.upstreamAuthority.rotate();
    await until(async () => (await rootsOf(world)).length === 2);
    expect(activeId(running)).toBe(first);
    world.upstreamAuthority.taintFirst();
    await until(() => told.length > 0);
    expect(told).toEqual(['root 1']);
    expect(activeId(running)).not.toBe(first);
    expect(running.manager.x509.current.authority?.upstreamAuthorityId).toBe(world.upstreamAuthority.signingKeyId);
    expect(await taintsOf(world)).toEqual([true, false]);
    world.upstreamAuthority.revokeFirst();
    await until(async () => (await rootsOf(world)).length === 1);
    expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
    expect(world.upstreamAuthority.minted).toBe(2);
  });

  test('makes a successor be prepared anew that was signed below it', async () => {
    await using world = await newNestedWorld();
    await using running = await startCa(world);
    const { authorityId } = await running.manager.x509.prepare();
    await world.upstreamAuthority.rotate();
    world.upstreamAuthority.taintFirst();
    await until(async () => (await taintsOf(world))[0] === true);
    expect(activeId(running)).not.toBe(authorityId);
    expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
  });

  test('stays untainted here until there is a CA to change to', async () => {
    await using world = await newNestedWorld();
    await using running = await startCa(world);
    const first = activeId(running);
    // An upstream server that still signs below what it tainted.
    world.upstreamAuthority.taintFirst();
    await until(() => world.upstreamAuthority.minted === 2);
    await running.manager.settled();
    expect(activeId(running)).toBe(first);
    expect(await taintsOf(world)).toEqual([false]);
    await world.upstreamAuthority.rotate();
    world.clock.advance(5_000);
    await until(async () => (await taintsOf(world))[0] === true);
    expect(activeId(running)).not.toBe(first);
  });

  test('is left although upstream is gone at first, and although the server is restarted meanwhile', async () => {
    await using world = await newNestedWorld();
    {
      await using running = await startCa(world);
      await world.upstreamAuthority.rotate();
      await until(async () => (await rootsOf(world)).length === 2);
      world.upstreamAuthority.taintFirst();
      world.upstreamAuthority.failure = gone;
      await running.manager.settled();
    }
    const again = await startCa(world);
    await using _again = again;
    world.upstreamAuthority.failure = undefined;
    await until(() => world.clock.isAwaited(5_000));
    world.clock.advance(5_000);
    await until(async () => (await taintsOf(world))[0] === true);
    expect(again.manager.x509.current.authority?.upstreamAuthorityId).toBe(world.upstreamAuthority.signingKeyId);
  });
});

describe('a root that upstream tainted and revoked while the server was down', () => {
  test('is left at once for a CA below another, and taken out of the own bundle', async () => {
    await using world = await newNestedWorld();
    let first: string | undefined;
    {
      await using running = await startCa(world);
      first = activeId(running);
    }
    await world.upstreamAuthority.rotate();
    world.upstreamAuthority.taintFirst();
    world.upstreamAuthority.revokeFirst();
    await using again = await startCa(world);
    const told: string[] = [];
    again.manager.onTaintedRoot(({ subject }) => told.push(subject.fields().commonName ?? ''));
    await until(() => told.length > 0);
    expect(told).toEqual(['root 1']);
    expect(activeId(again)).not.toBe(first);
    expect(await taintsOf(world)).toEqual([true, false]);
    // Agents have a little time to replace what is below it.
    await pass(world, again, 10_000);
    expect(await rootsOf(world)).toHaveLength(1);
    expectVerifiable(await signBoth(again.ca), await bundleOf(world), world.clock.nowMs());
  });

  test('was not gone if it comes with the next CA: what had told so was older', async () => {
    await using world = await newNestedWorld();
    await using running = await startCa(world);
    await world.upstreamAuthority.rotate();
    await until(async () => (await rootsOf(world)).length === 2);
    await running.manager.x509.prepare();
    await running.manager.x509.rotate();
    const second = activeId(running);
    world.upstreamAuthority.tellWithout(1);
    await until(() => world.upstreamAuthority.minted === 3);
    await running.manager.settled();
    expect(activeId(running)).toBe(second);
    expect(await taintsOf(world)).toEqual([false, false]);
    world.clock.advance(60_000);
    await running.manager.settled();
    expect(await taintsOf(world)).toEqual([false, false]);
  });

  test('does not concern a root that the server had of its own', async () => {
    await using world = await newNestedWorld();
    {
      const { clock, datastore, keyManager } = world;
      await using _root = await startCa({ clock, datastore, keyManager, [Symbol.asyncDispose]: async () => {} });
    }
    await using running = await startCa(world);
    const first = activeId(running);
    await until(async () => (await rootsOf(world)).length === 2);
    await running.manager.settled();
    expect(activeId(running)).toBe(first);
    expect(await taintsOf(world)).toEqual([false, false]);
  });
});

describe('what an upstream authority tells after a call', () => {
  /** The same authority, which tells its news not by itself but behind the CA or the key that was asked for last. */
  function tellingLater(authority: FakeUpstreamAuthority) {
    const later = new EventEmitter();
    const ended: string[] = [];
    async function* updates<T>(name: string, signal: AbortSignal, tell: () => T): AsyncGenerator<T> {
      try {
        for await (const [failure] of on(later, 'news', { signal })) {
          if (failure instanceof Error) throw failure;
          yield tell();
        }
      } finally {
        ended.push(name);
      }
    }
    let calls = 0;
    const upstreamAuthority: UpstreamAuthority = {
      name: 'later',
      async mintX509Ca(request, { signal }) {
        calls += 1;
        const minted = await authority.mintX509Ca(request, { signal });
        return { ...minted, updates: updates(`call ${calls}`, signal, () => authority.roots) };
      },
      publishJwtKey: (key, options) => authority.publishJwtKey(key, options),
      // biome-ignore lint/correctness/useYield: it tells nothing.
      async *watchBundle() {
        throw new SpirekitError('unimplemented', 'it tells nothing by itself');
      },
    };
    return { upstreamAuthority, ended, tell: (failure?: Error) => later.emit('news', failure) };
  }

  test('is taken over, and only that of the last call is listened to', async () => {
    await using world = await newNestedWorld();
    const { upstreamAuthority, ended, tell } = tellingLater(world.upstreamAuthority);
    await using running = await startCa({ ...world, upstreamAuthority });
    await world.upstreamAuthority.rotate();
    tell();
    await until(async () => (await rootsOf(world)).length === 2);
    await running.manager.x509.prepare();
    await until(() => ended.length > 0);
    expect(ended).toEqual(['call 1']);
    world.upstreamAuthority.taintFirst();
    tell();
    await until(async () => (await taintsOf(world))[0] === true);
    expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
  });

  test('may break off: signing goes on, and the next call is listened to again', async () => {
    await using world = await newNestedWorld();
    const { upstreamAuthority, ended, tell } = tellingLater(world.upstreamAuthority);
    await using running = await startCa({ ...world, upstreamAuthority });
    tell(new Error('broken'));
    await until(() => ended.length > 0);
    await running.manager.x509.prepare();
    await world.upstreamAuthority.rotate();
    tell();
    await until(async () => (await rootsOf(world)).length === 2);
  });
});

describe('two servers on one datastore with an upstream authority', () => {
  test('both leave a root that is tainted, also the one that hears of it only from the datastore', async () => {
    await using world = await newNestedWorld();
    const deafened = new Proxy(world.upstreamAuthority, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name === 'watchBundle') return async function* () {};
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await using hearing = await startCa(world);
    await using deaf = await startCa({ ...world, keyManager: new MemoryKeyManager(), upstreamAuthority: deafened });
    await world.upstreamAuthority.rotate();
    await until(async () => (await rootsOf(world)).length === 2);
    world.upstreamAuthority.taintFirst();
    await until(async () => (await taintsOf(world))[0] === true);
    await until(async () => {
      world.clock.advance(10_000);
      await Promise.all([hearing, deaf].map(({ manager }) => manager.settled()));
      return [hearing, deaf].every(
        ({ manager }) => manager.x509.current.authority?.upstreamAuthorityId === world.upstreamAuthority.signingKeyId,
      );
    });
    for (const { ca } of [hearing, deaf]) {
      expectVerifiable(await signBoth(ca), await bundleOf(world), world.clock.nowMs());
    }
  });
});

describe('JWT keys of a server with an upstream authority', () => {
  const keyIds = async (world: World): Promise<string[]> =>
    (await bundleOf(world)).jwtAuthorities.map(({ keyId }) => keyId);

  test('are published there, and with them come those of others', async () => {
    await using world = await newNestedWorld();
    const signal = new AbortController().signal;
    const other = { keyId: 'other', publicKey: new Uint8Array([1]), expiresAtSeconds: 0, tainted: false };
    await world.upstreamAuthority.publishJwtKey(other, { signal });
    await using running = await startCa(world);
    expect(await keyIds(world)).toEqual(['other', running.manager.jwt?.current.authority?.authorityId]);
  });

  test('stay here where it takes none', async () => {
    await using world = await newNestedWorld();
    world.upstreamAuthority.takesJwtKeys = false;
    await using running = await startCa(world);
    expect(await keyIds(world)).toEqual([running.manager.jwt?.current.authority?.authorityId]);
  });

  test('do not sign before they are published', async () => {
    await using world = await newNestedWorld();
    await using running = await startCa(world);
    const { jwt } = running.manager;
    if (jwt === undefined) throw new Error('no JWT keys');
    world.upstreamAuthority.failure = gone;
    await expect(jwt.prepare()).rejects.toThrow('connection refused');
    expect(jwt.next.status).not.toBe('prepared');
    expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
  });

  test('of others are tainted and revoked with upstream', async () => {
    await using world = await newNestedWorld();
    await using _running = await startCa(world);
    const signal = new AbortController().signal;
    const { publicKeyDer } = (await makeCa('key', { nowMs: world.clock.nowMs() })).certificate;
    const other = { keyId: 'other', publicKey: publicKeyDer, expiresAtSeconds: 0, tainted: false };
    await world.upstreamAuthority.publishJwtKey(other, { signal });
    world.upstreamAuthority.changeJwtKey('other', {});
    await until(async () => (await keyIds(world)).includes('other'));
    world.upstreamAuthority.changeJwtKey('other', { tainted: true });
    await until(async () => (await bundleOf(world)).jwtAuthorities.some(({ tainted }) => tainted));
    world.upstreamAuthority.changeJwtKey('other', undefined);
    await until(async () => !(await keyIds(world)).includes('other'));
    expect(await keyIds(world)).toHaveLength(1);
  });
});

describe('the journal of a CA that was signed upstream', () => {
  test('is of no use when its root was revoked meanwhile: the server gets another', async () => {
    await using world = await newNestedWorld();
    let first: string | undefined;
    {
      await using running = await startCa(world);
      first = activeId(running);
    }
    await world.upstreamAuthority.rotate();
    const bundle = await bundleOf(world);
    const other = await makeCa('other', { nowMs: world.clock.nowMs() });
    const x509Authorities = [{ certificate: other.certificate.der, tainted: false }];
    await world.datastore.bundles.setBundle({ ...bundle, x509Authorities });
    await using again = await startCa(world);
    expect(activeId(again)).not.toBe(first);
    expect((await rootsOf(world)).some((root) => root.equals(Certificate.parse(other.certificate.der)))).toBe(true);
  });
});
