import { describe, expect, test } from 'vitest';
import { localAuthorityClient } from '../../../src/lib/client/local-authority-client.ts';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { createCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import type { Server } from '../../../src/lib/server/server.ts';
import { verifyX509Svid } from '../../../src/lib/spiffe/x509-svid.ts';
import { BundleDefinition, GetBundleRequest } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { SVIDDefinition } from '../../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import type { PushingWorkloadApi } from '../workloadapi/pushing-workload-api.ts';
import { identityAt, registerDownstream, workloadApiAt } from './downstream.ts';
import { ServerHome } from './running-server.ts';

/** A server with what tests want of it. */
class Level implements AsyncDisposable {
  readonly home: ServerHome;
  readonly above: Level | undefined;
  readonly workloadApi: PushingWorkloadApi | undefined;
  server: Server;

  private constructor(home: ServerHome, server: Server, above?: Level, workloadApi?: PushingWorkloadApi) {
    this.home = home;
    this.server = server;
    this.above = above;
    this.workloadApi = workloadApi;
  }

  static async root(): Promise<Level> {
    const home = new ServerHome();
    return new Level(home, await home.start());
  }

  /** A server nested under another one, with a Workload API beside it that knows it there. */
  static async below(above: Level): Promise<Level> {
    await registerDownstream(above.home);
    const home = new ServerHome(above.home.clock);
    const workloadApi = await workloadApiAt(above.home);
    const server = await home.start({ keyManager: nestedPlugins(home, above, workloadApi) });
    return new Level(home, server, above, workloadApi);
  }

  /** Starts the server anew. */
  async restart(): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    const { above, workloadApi, home } = this;
    if (above === undefined || workloadApi === undefined) throw new Error('only nested servers');
    this.server = await home.start({ keyManager: nestedPlugins(home, above, workloadApi) });
  }

  async bundle() {
    await using local = this.home.local();
    return await local.unary(BundleDefinition, 'getBundle', GetBundleRequest.create());
  }

  async roots(): Promise<Certificate[]> {
    return (await this.bundle()).x509Authorities.map(({ asn1 }) => Certificate.parse(asn1));
  }

  async taints(): Promise<boolean[]> {
    return (await this.bundle()).x509Authorities.map(({ tainted }) => tainted);
  }

  /** The chain of an SVID that it signs. */
  async sign(): Promise<Certificate[]> {
    const privateKey = await generateKey('ec-p256');
    const uris = ['spiffe://example.org/web'];
    const csr = Buffer.from(await createCsr({ uris, signer: signerFromKey(privateKey) }));
    await using local = this.home.local();
    const { svid } = await local.unary(SVIDDefinition, 'mintX509SVID', { csr, ttl: 0 });
    return (svid?.certChain ?? []).map((der) => Certificate.parse(der));
  }

  async activeAuthority(): Promise<string> {
    await using local = this.home.local();
    return (await localAuthorityClient(local).getX509AuthorityState({})).active?.authorityId ?? '';
  }

  /** What an agent would push beside the server below. */
  async tellBelow(below: Level): Promise<void> {
    below.workloadApi?.push(await identityAt(this.home));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home[Symbol.asyncDispose]();
    await this.workloadApi?.[Symbol.asyncDispose]();
  }
}

function nestedPlugins(home: ServerHome, above: Level, workloadApi: PushingWorkloadApi): string {
  return `KeyManager "disk" { plugin_data { keys_path = "${home.keysPath}" } }
    UpstreamAuthority "spire" {
      plugin_data {
        server_address = "127.0.0.1"
        server_port = "${above.server.port}"
        workload_api_socket = "${workloadApi.path}"
      }
    }`;
}

const verify = (chain: readonly Certificate[], roots: readonly Certificate[], nowMs: number) =>
  verifyX509Svid(chain, { getX509Bundle: () => roots }, { nowMs });

/** Waits without time passing. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('nested servers', () => {
  test('of three levels sign for one trust domain: chains lead to the root, which alone is in the bundles', async () => {
    await using root = await Level.root();
    await using middle = await Level.below(root);
    await using leaf = await Level.below(middle);
    const roots = await root.roots();
    expect(roots).toHaveLength(1);
    for (const [level, count] of [
      [root, 1],
      [middle, 2],
      [leaf, 3],
    ] as const) {
      const chain = await level.sign();
      expect(chain).toHaveLength(count);
      expect(verify(chain, roots, root.home.clock.nowMs()).id.path).toBe('/web');
      expect((await level.roots()).map((certificate) => certificate.equals(roots[0] ?? certificate))).toEqual([true]);
    }
    const [, ...above] = await leaf.sign();
    // As SPIRE counts, which leaves the root out once there is one above.
    expect(above.map(({ subject }) => subject.fields().organizationalUnit)).toEqual([
      ['DOWNSTREAM-1'],
      ['DOWNSTREAM-1'],
    ]);
    expect(above.map(({ uris }) => uris)).toEqual([['spiffe://example.org'], ['spiffe://example.org']]);
  });

  test('attest agents whose chains have two intermediates', async () => {
    await using root = await Level.root();
    await using middle = await Level.below(root);
    await using leaf = await Level.below(middle);
    const { identity } = await leaf.home.attest(leaf.server);
    expect(identity.certificateChain).toHaveLength(3);
    await using agent = leaf.home.remote(leaf.server, identity);
    await expect(
      agent.unary(EntryDefinition, 'getAuthorizedEntries', { outputMask: undefined }),
    ).resolves.toMatchObject({ entries: [] });
  });

  test('publish their JWT keys up to the root, and learn those of the others', async () => {
    await using root = await Level.root();
    await using middle = await Level.below(root);
    await using leaf = await Level.below(middle);
    const keysOf = async (level: Level): Promise<string[]> =>
      (await level.bundle()).jwtAuthorities.map(({ keyId }) => keyId).sort();
    const all = await keysOf(root);
    expect(all).toHaveLength(3);
    expect(await keysOf(leaf)).toEqual(all);
    // The one between knows its own and what was there then, until it asks again.
    await until(async () => {
      root.home.clock.advance(5_000);
      return (await keysOf(middle)).length === 3;
    });
    expect(await keysOf(middle)).toEqual(all);
  });

  test('leave a root that is tainted at the top, level by level, and forget it when it is revoked', async () => {
    await using root = await Level.root();
    await using middle = await Level.below(root);
    await using leaf = await Level.below(middle);
    const { clock } = root.home;
    const [oldRoot] = await root.roots();
    const before = { middle: await middle.activeAuthority(), leaf: await leaf.activeAuthority() };
    const oldChain = await leaf.sign();
    await using local = root.home.local();
    const authorities = localAuthorityClient(local);
    const everywhere = (taints: readonly boolean[]): Promise<void> =>
      until(async () => {
        clock.advance(5_000);
        await root.tellBelow(middle);
        await middle.tellBelow(leaf);
        const seen = [await root.taints(), await middle.taints(), await leaf.taints()];
        return seen.every((each) => JSON.stringify(each) === JSON.stringify(taints));
      });
    const { preparedAuthority } = await authorities.prepareX509Authority({});
    await everywhere([false, false]);
    expect(await leaf.activeAuthority()).toBe(before.leaf);
    await authorities.activateX509Authority({ authorityId: preparedAuthority?.authorityId ?? '' });
    const authorityId = Buffer.from(oldRoot?.subjectKeyId ?? []).toString('hex');
    await authorities.taintX509Authority({ authorityId });
    await everywhere([true, false]);
    expect(await middle.activeAuthority()).not.toBe(before.middle);
    expect(await leaf.activeAuthority()).not.toBe(before.leaf);
    await authorities.revokeX509Authority({ authorityId });
    await everywhere([false]);
    for (const level of [root, middle, leaf]) {
      const chain = await level.sign();
      expect(verify(chain, await root.roots(), clock.nowMs()).id.path).toBe('/web');
    }
    expect(() => verify(oldChain, [], clock.nowMs())).toThrow();
    for (const level of [root, middle, leaf]) {
      const roots = await level.roots();
      expect(() => verify(oldChain, roots, clock.nowMs())).toThrow('certificate signed by unknown authority');
    }
  });

  test('go on when the one above is gone, and start without it', async () => {
    await using root = await Level.root();
    await using middle = await Level.below(root);
    const active = await middle.activeAuthority();
    const roots = await root.roots();
    await root.server[Symbol.asyncDispose]();
    expect(verify(await middle.sign(), roots, root.home.clock.nowMs()).id.path).toBe('/web');
    await middle.restart();
    expect(await middle.activeAuthority()).toBe(active);
    expect(verify(await middle.sign(), roots, root.home.clock.nowMs()).id.path).toBe('/web');
    await using local = middle.home.local();
    await expect(localAuthorityClient(local).prepareX509Authority({})).rejects.toThrow(
      /failed to prepare X\.509 authority: unable to request a new Downstream X509CA: .*connection refused/,
    );
  });

  test('are told from others: who is no downstream workload gets no CA and publishes no key', async () => {
    await using root = await Level.root();
    await registerDownstream(root.home);
    const { identity } = await root.home.attest(root.server);
    await using agent = root.home.remote(root.server, identity);
    const csr = Buffer.from(
      await createCsr({ uris: ['spiffe://example.org'], signer: signerFromKey(await generateKey('ec-p256')) }),
    );
    await expect(agent.unary(SVIDDefinition, 'newDownstreamX509CA', { csr, preferredTtl: 60 })).rejects.toMatchObject({
      code: 'permission-denied',
    });
    await expect(
      agent.unary(BundleDefinition, 'publishJWTAuthority', { jwtAuthority: undefined }),
    ).rejects.toMatchObject({ code: 'permission-denied' });
    await expect(
      agent.unary(BundleDefinition, 'publishWITAuthority', { witAuthority: undefined }),
    ).rejects.toMatchObject({ code: 'permission-denied' });
  });
});
