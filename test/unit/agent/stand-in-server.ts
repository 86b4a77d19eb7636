import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { Certificate as ParsedCertificate } from '../../../src/lib/crypto/certificate.ts';
import { parseCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey, publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { type CallContext, RpcServer, type TlsListener } from '../../../src/lib/rpc/server.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import type { Clock } from '../../../src/lib/runtime/clock.ts';
import { signJwtSvid } from '../../../src/lib/spiffe/jwt-svid.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { permissionDeniedDetails } from '../../../src/lib/wire/convert/status.ts';
import { AgentDefinition, type AttestAgentRequest } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { BundleDefinition } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import {
  EntryDefinition,
  type SyncAuthorizedEntriesRequest,
} from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { SVIDDefinition } from '../../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { PermissionDeniedDetails_Reason } from '../../../src/lib/wire/gen/spire/api/types/status.ts';
import { SyncDefinition } from '../../../src/lib/wire/gen/spirekit/api/server/sync/v1/sync.ts';
import { makeCa, makeSvid, type TestCa } from './certificates.ts';
import { TRUST_DOMAIN } from './support.ts';

const REASONS = PermissionDeniedDetails_Reason;

/** How a {@link StandInServer} is different from the usual. */
export interface StandInOptions {
  readonly clock: Clock;
  /** The life of agents' SVIDs. */
  readonly agentLifeMs?: number;
  /** The life of workloads' X509-SVIDs. */
  readonly svidLifeMs?: number;
  /** Whether it has the service that tells of changes. */
  readonly hasNotices?: boolean;
  /** Whether it knows SyncAuthorizedEntries; with so many revisions on a page, or all entries at once for 0. */
  readonly syncPageSize?: number | 'unimplemented';
  readonly isReattestable?: boolean;
  /** The life of its own certificate; default 80,000 s. */
  readonly ownLifeMs?: number;
}

/**
 * A server over real TLS that does for one agent what a SPIRE server does, and that a test can make refuse it. It is
 * here for what a real server does not do at will.
 */
export class StandInServer implements AsyncDisposable {
  /** Names of the calls that were made, in order; streams once. */
  readonly calls: string[] = [];
  readonly tokens = new Set(['token']);
  readonly entries = new Map<string, Entry>();
  readonly federated = new Map<string, Bundle>();
  /** Ids of entries that it does not sign for. */
  readonly unsigned = new Set<string>();
  /** What it answers to every attestation from now on. */
  attestationFailure: RpcError | undefined;
  /** Why the agent is refused from now on. */
  refusal: keyof typeof REASONS | undefined;
  /** Subject key ids (hex) and key ids of authorities that are tainted. */
  readonly tainted = new Set<string>();
  agentSerial: bigint | undefined;
  ca: TestCa;
  cas: TestCa[];
  readonly #options: StandInOptions;
  readonly #jwtKey: KeyObject;
  #rpc: RpcServer;
  readonly #key: KeyObject;
  readonly #watchers = new Set<() => void>();
  #identity: readonly Certificate[] = [];
  #listener: TlsListener | undefined;

  private constructor(options: StandInOptions, ca: TestCa, key: KeyObject, jwtKey: KeyObject) {
    this.#options = options;
    this.ca = ca;
    this.cas = [ca];
    this.#key = key;
    this.#jwtKey = jwtKey;
    this.#rpc = new RpcServer({ clock: options.clock });
  }

  static async open(options: StandInOptions): Promise<StandInServer> {
    const ca = await makeCa(options.clock.nowMs());
    const server = new StandInServer(options, ca, await generateKey('ec-p256'), await generateKey('ec-p256'));
    await server.#start(0);
    return server;
  }

  async #start(port: number): Promise<void> {
    this.#addServices();
    await this.useIdentity('/spire/server');
    this.#listener = await this.#rpc.listenTls({
      host: '127.0.0.1',
      port,
      secureContext: () => ({ certificateChain: this.#identity.map(({ der }) => der), privateKey: this.#key }),
    });
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get jwtKeyId(): string {
    return 'jwt-key';
  }

  get jwtKey(): KeyObject {
    return this.#jwtKey;
  }

  /** The certificates of its authorities in PEM. */
  get bundlePem(): string {
    return this.cas.map(({ certificate }) => certificate.toPem()).join('');
  }

  /** Shows another certificate from now on. */
  async useIdentity(path: string, ca: TestCa = this.ca): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    this.#identity = [
      await makeSvid(ca, {
        uri: `spiffe://example.org${path}`,
        publicKey: signerFromKey(this.#key).publicKey,
        notBeforeMs: nowMs - 10_000,
        notAfterMs: nowMs + (this.#options.ownLifeMs ?? 80_000_000),
      }),
    ];
    this.#listener?.rotate();
  }

  /** Signs with a new authority from now on; the old one stays in the bundle. */
  async rotateCa(): Promise<void> {
    this.ca = await makeCa(this.#options.clock.nowMs());
    this.cas.push(this.ca);
    await this.useIdentity('/spire/server');
  }

  /** Becomes another server at the same address: with an authority that nobody knows, and no memory of the agent. */
  async startOver(): Promise<void> {
    await this.goAway();
    this.ca = await makeCa(this.#options.clock.nowMs());
    this.cas = [this.ca];
    this.agentSerial = undefined;
    await this.comeBack();
  }

  /** Can be reached no longer. */
  goAway(): Promise<void> {
    return this.#rpc.stop();
  }

  /** Is there again, at the same address, and remembers everything. */
  async comeBack(): Promise<void> {
    const { port } = this;
    this.#listener = undefined;
    this.#rpc = new RpcServer({ clock: this.#options.clock });
    await this.#start(port);
  }

  /** Adds or replaces an entry of the agent's. */
  put(fields: Partial<Entry> & { readonly id: string }): void {
    const before = this.entries.get(fields.id);
    this.entries.set(
      fields.id,
      Entry.create({
        spiffeId: { trustDomain: 'example.org', path: `/${fields.id}` },
        parentId: { trustDomain: 'example.org', path: '/host' },
        selectors: [{ type: 'unix', value: `uid:${process.geteuid?.()}` }],
        createdAt: 1n,
        revisionNumber: before === undefined ? 0n : before.revisionNumber + 1n,
        ...fields,
      }),
    );
    this.announce();
  }

  delete(id: string): void {
    this.entries.delete(id);
    this.announce();
  }

  /** Tells agents that something has changed. */
  announce(): void {
    for (const wake of this.#watchers) wake();
  }

  count(call: string): number {
    return this.calls.filter((one) => one === call).length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#rpc.stop();
  }

  #addServices(): void {
    const { hasNotices = false, syncPageSize = 0 } = this.#options;
    this.#rpc.use(async ({ method }, next) => {
      this.calls.push(method.slice(method.lastIndexOf('/') + 1));
      await next();
    });
    this.#rpc.addService(AgentDefinition, {
      attestAgent: (requests) => this.#attest(requests),
      renewAgent: async ({ params }, call) => {
        const id = this.#authorize(call);
        return { svid: await this.#issueAgent(id, params?.csr ?? new Uint8Array()) };
      },
      postStatus: async (_request, call) => {
        this.#authorize(call);
        return {};
      },
    });
    this.#rpc.addService(BundleDefinition, {
      getBundle: async () => this.#bundle(),
      getFederatedBundle: async ({ trustDomain }, call) => {
        this.#authorize(call);
        const bundle = this.federated.get(trustDomain);
        if (bundle === undefined) throw new RpcError(RpcCode.notFound, 'bundle not found');
        return bundle;
      },
    });
    this.#rpc.addService(EntryDefinition, {
      getAuthorizedEntries: async (_request, call) => {
        this.#authorize(call);
        return { entries: [...this.entries.values()] };
      },
      ...(syncPageSize !== 'unimplemented' && {
        syncAuthorizedEntries: (requests: AsyncIterable<SyncAuthorizedEntriesRequest>, call: CallContext) =>
          this.#sync(requests, call, syncPageSize),
      }),
    });
    this.#rpc.addService(SVIDDefinition, {
      batchNewX509SVID: async ({ params }, call) => {
        this.#authorize(call);
        return { results: await Promise.all(params.map(({ entryId, csr }) => this.#sign(entryId, csr))) };
      },
      newJWTSVID: async ({ entryId, audience }, call) => {
        this.#authorize(call);
        return { svid: await this.#signJwt(entryId, audience) };
      },
    });
    if (hasNotices) this.#rpc.addService(SyncDefinition, { watch: (_request, call) => this.#watch(call) });
  }

  async *#attest(requests: AsyncIterable<AttestAgentRequest>) {
    for await (const { step } of requests) {
      if (step?.$case !== 'params') throw new RpcError(RpcCode.invalidArgument, 'unexpected step');
      if (this.attestationFailure !== undefined) throw this.attestationFailure;
      if (this.refusal === 'AGENT_BANNED') throw this.#refuse('failed to attest: agent is banned');
      const token = Buffer.from(step.value.data?.payload ?? []).toString('utf8');
      if (!this.tokens.delete(token) && this.#options.isReattestable !== true) {
        throw new RpcError(
          RpcCode.invalidArgument,
          'failed to attest: join token does not exist or has already been used',
        );
      }
      this.refusal = undefined;
      const id = SpiffeId.parse(`spiffe://example.org/spire/agent/join_token/${token}`);
      const svid = await this.#issueAgent(id, step.value.params?.csr ?? new Uint8Array());
      const reattestable = this.#options.isReattestable === true;
      yield { step: { $case: 'result' as const, value: { svid, reattestable } } };
    }
  }

  async *#sync(requests: AsyncIterable<SyncAuthorizedEntriesRequest>, call: CallContext, pageSize: number) {
    this.#authorize(call);
    const all = [...this.entries.values()];
    let isFirst = true;
    for await (const { ids } of requests) {
      if (!isFirst || pageSize === 0 || all.length <= pageSize) {
        const entries = isFirst ? all : all.filter(({ id }) => ids.includes(id));
        isFirst = false;
        yield { entryRevisions: [], entries, more: false };
        continue;
      }
      isFirst = false;
      for (let start = 0; start < all.length; start += pageSize) {
        const entryRevisions = all
          .slice(start, start + pageSize)
          .map(({ id, revisionNumber, createdAt }) => ({ id, revisionNumber, createdAt }));
        yield { entryRevisions, entries: [], more: start + pageSize < all.length };
      }
    }
  }

  async *#watch(call: CallContext) {
    this.#authorize(call);
    let sequence = 0n;
    for (;;) {
      yield { sequence: sequence++ };
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#watchers.add(resolve);
      call.signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      this.#watchers.delete(resolve);
      if (call.signal.aborted) return;
    }
  }

  /** Lets only the agent in whose serial number is the newest. */
  #authorize({ peer }: CallContext): SpiffeId {
    const [leaf] = peer.kind === 'tls' ? peer.certificates : [];
    if (leaf === undefined) throw new RpcError(RpcCode.permissionDenied, 'no certificate');
    if (this.refusal !== undefined) throw this.#refuse('agent is refused');
    const certificate = ParsedCertificate.parse(leaf);
    if (this.agentSerial !== certificate.serialNumber) {
      this.refusal = 'AGENT_NOT_ACTIVE';
      throw this.#refuse('agent is not active');
    }
    return SpiffeId.parse(certificate.uris[0] ?? '');
  }

  #refuse(description: string): RpcError {
    const statusDetails = permissionDeniedDetails(description, REASONS[this.refusal ?? 'UNKNOWN']);
    return new RpcError(RpcCode.permissionDenied, description, { statusDetails });
  }

  async #issueAgent(id: SpiffeId, csr: Uint8Array) {
    const nowMs = this.#options.clock.nowMs();
    const certificate = await makeSvid(this.ca, {
      uri: id.toString(),
      publicKey: parseCsr(csr).publicKey,
      notBeforeMs: nowMs - 10_000,
      notAfterMs: nowMs + (this.#options.agentLifeMs ?? 3_600_000),
    });
    this.agentSerial = certificate.serialNumber;
    return { certChain: [certificate.der], id: wireId(id), expiresAt: 0n, hint: '' };
  }

  async #sign(entryId: string, csr: Uint8Array) {
    const found = this.entries.get(entryId);
    if (found === undefined || this.unsigned.has(entryId)) {
      return { status: { code: RpcCode.notFound, message: 'entry not found' }, svid: undefined };
    }
    const nowMs = this.#options.clock.nowMs();
    const id = SpiffeId.parse(`spiffe://example.org${found.spiffeId?.path}`);
    const certificate = await makeSvid(this.ca, {
      uri: id.toString(),
      publicKey: parseCsr(csr).publicKey,
      notBeforeMs: nowMs - 10_000,
      notAfterMs: nowMs + (this.#options.svidLifeMs ?? 3_600_000),
    });
    const svid = { certChain: [certificate.der], id: wireId(id), expiresAt: 0n, hint: found.hint };
    return { status: { code: 0, message: 'OK' }, svid };
  }

  async #signJwt(entryId: string, audience: readonly string[]) {
    const id = SpiffeId.parse(`spiffe://example.org${this.entries.get(entryId)?.spiffeId?.path}`);
    const issuedSeconds = Math.floor(this.#options.clock.nowMs() / 1000);
    const { token } = await signJwtSvid({
      id,
      audience,
      issuedAt: new Date(issuedSeconds * 1000),
      expiresAt: new Date((issuedSeconds + 300) * 1000),
      jti: String(this.calls.length),
      kid: this.jwtKeyId,
      signer: signerFromKey(this.#jwtKey),
    });
    const [issuedAt, expiresAt] = [BigInt(issuedSeconds), BigInt(issuedSeconds + 300)];
    return { token, id: wireId(id), issuedAt, expiresAt, hint: '' };
  }

  #bundle(): Bundle {
    const taintedById = (id: string): boolean => this.tainted.has(id);
    return Bundle.create({
      trustDomain: TRUST_DOMAIN.name,
      x509Authorities: this.cas.map(({ certificate: { der, subjectKeyId } }) => ({
        asn1: der,
        tainted: taintedById(Buffer.from(subjectKeyId ?? []).toString('hex')),
      })),
      jwtAuthorities: [
        {
          keyId: this.jwtKeyId,
          publicKey: publicKeyDer(this.#jwtKey),
          expiresAt: 0n,
          tainted: taintedById(this.jwtKeyId),
        },
      ],
    });
  }
}

function wireId(id: SpiffeId): { trustDomain: string; path: string } {
  return { trustDomain: id.trustDomain.name, path: id.path };
}
