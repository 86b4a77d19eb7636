import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { localAuthorityClient } from '../../../../../src/lib/client/local-authority-client.ts';
import { createCsr } from '../../../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import { silentLogger } from '../../../../../src/lib/runtime/logger.ts';
import { SpireUpstreamAuthority } from '../../../../../src/lib/server/plugin/upstreamauthority/spire/spire-upstream-authority.ts';
import type { Server } from '../../../../../src/lib/server/server.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import type { PushingWorkloadApi } from '../../../workloadapi/pushing-workload-api.ts';
import { identityAt, registerDownstream, workloadApiAt } from '../../downstream.ts';
import { ServerHome } from '../../running-server.ts';
import { describeUpstreamAuthority } from './upstream-authority-suite.ts';

const trustDomain = TrustDomain.parse('example.org');
const signal = new AbortController().signal;

/** A server above, the Workload API beside, and the plugin between the two. */
class Nest implements AsyncDisposable {
  readonly home = new ServerHome();
  readonly #resources = new AsyncDisposableStack();
  readonly server: Server;
  readonly workloadApi: PushingWorkloadApi;
  readonly plugin: SpireUpstreamAuthority;

  private constructor(home: ServerHome, server: Server, workloadApi: PushingWorkloadApi, host: string) {
    this.home = this.#resources.use(home);
    this.server = server;
    this.workloadApi = this.#resources.use(workloadApi);
    this.plugin = this.#resources.use(
      new SpireUpstreamAuthority({
        host,
        port: server.port,
        target: { kind: 'unix', path: workloadApi.path },
        trustDomain,
        keyExchangeGroups: undefined,
        clock: home.clock,
        log: silentLogger,
      }),
    );
  }

  static async open(): Promise<Nest> {
    const home = new ServerHome();
    const server = await home.start();
    await registerDownstream(home);
    return new Nest(home, server, await workloadApiAt(home), '127.0.0.1');
  }

  get trustDomain(): TrustDomain {
    return trustDomain;
  }

  nowMs(): number {
    return this.home.clock.nowMs();
  }

  async mint() {
    const signer = signerFromKey(await generateKey('ec-p256'));
    const csr = await createCsr({ uris: ['spiffe://example.org'], signer });
    return await this.plugin.mintX509Ca({ csr, preferredTtlSeconds: 600 }, { signal });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

describeUpstreamAuthority(
  'spire',
  async () => {
    const nest = await Nest.open();
    return Object.assign(nest, { nowMs: () => nest.home.clock.nowMs() });
  },
  { publishesJwtKeys: true, watchesBundle: true },
);

describe('the spire upstream authority', () => {
  test('gets CAs with the subject of a downstream one', async () => {
    await using nest = await Nest.open();
    const [ca] = (await nest.mint()).chain;
    expect(ca.subject.fields()).toMatchObject({ organizationalUnit: ['DOWNSTREAM-1'] });
  });

  test('calls with the SVID of the moment: one that has ended is replaced without another connection being lost', async () => {
    await using nest = await Nest.open();
    await nest.mint();
    nest.home.clock.advance(2 * 3_600_000);
    await expect(nest.mint()).rejects.toThrow('unable to request a new Downstream X509CA: ');
    nest.workloadApi.push(await identityAt(nest.home));
    await expect.poll(() => nest.mint().then(() => 'signed', String)).toBe('signed');
  });

  test('is refused under a name that is no downstream one, and says so', async () => {
    await using nest = await Nest.open();
    nest.workloadApi.push(await identityAt(nest.home, 'spiffe://example.org/other'));
    await expect
      .poll(() => nest.mint().then(() => 'signed', String))
      .toContain(
        'unable to request a new Downstream X509CA: rpc error: code = PermissionDenied desc = authorization denied for method /spire.api.server.svid.v1.SVID/NewDownstreamX509CA',
      );
  });

  test('does not believe a server that is none of its trust domain', async () => {
    await using nest = await Nest.open();
    await using stranger = await Nest.open();
    const { svids } = await identityAt(stranger.home);
    const { svids: own } = await identityAt(nest.home);
    nest.workloadApi.push({
      ...(await identityAt(nest.home)),
      svids: own.map((svid) => ({ ...svid, bundle: svids[0]?.bundle ?? svid.bundle })),
    });
    await expect
      .poll(() => nest.mint().then(() => 'signed', String))
      .toContain('certificate signed by unknown authority');
  });

  test('tells of a new root when it polls, and at once when the Workload API has news', async () => {
    await using nest = await Nest.open();
    await using local = nest.home.local();
    const authorities = localAuthorityClient(local);
    const bundles = nest.plugin.watchBundle({ signal })[Symbol.asyncIterator]();
    const roots = async (): Promise<readonly boolean[]> =>
      (await bundles.next()).value.x509Authorities.map(({ tainted }: { tainted: boolean }) => tainted);
    expect(await roots()).toEqual([false]);
    const first = (await authorities.getX509AuthorityState({})).active?.authorityId ?? '';
    const prepared = (await authorities.prepareX509Authority({})).preparedAuthority?.authorityId ?? '';
    const polled = roots();
    await expect.poll(() => nest.home.clock.isAwaited(5_000)).toBe(true);
    nest.home.clock.advance(5_000);
    expect(await polled).toEqual([false, false]);
    await authorities.activateX509Authority({ authorityId: prepared });
    await authorities.taintX509Authority({ authorityId: first });
    const pushed = roots();
    nest.workloadApi.push(await identityAt(nest.home));
    expect(await pushed).toEqual([true, false]);
    await bundles.return?.(undefined);
  });

  test('waits for an agent that starts late, but not for ever', async () => {
    await using home = new ServerHome();
    await using plugin = new SpireUpstreamAuthority({
      host: '127.0.0.1',
      port: 1,
      target: { kind: 'unix', path: join(home.folder, 'none.sock') },
      trustDomain,
      keyExchangeGroups: undefined,
      clock: home.clock,
      log: silentLogger,
    });
    const failed = expect(
      plugin.mintX509Ca({ csr: new Uint8Array(), preferredTtlSeconds: 1 }, { signal }),
    ).rejects.toThrow(/no identity from the Workload API: .*no such file or directory/);
    await expect.poll(() => home.clock.isAwaited(1_000) || home.clock.pending > 1).toBe(true);
    home.clock.advance(20_000);
    await failed;
  });
});
