import { Certificate } from '../../crypto/certificate.ts';
import { parsePublicKey } from '../../crypto/key.ts';
import type { RpcClient } from '../../rpc/client.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { Bundle } from '../../spiffe/bundle.ts';
import { bundleFromWire } from '../../wire/convert/bundle.ts';
import { BundleDefinition } from '../../wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { Bundle as WireBundle } from '../../wire/gen/spire/api/types/bundle.ts';
import { failedCall } from './failed-call.ts';

/** A bundle with what the server says about its authorities. */
export interface TrustBundle {
  readonly bundle: Bundle;
  /** X.509 authorities whose SVIDs are to be replaced. */
  readonly taintedX509Authorities: readonly Certificate[];
  /** Ids of JWT authorities whose SVIDs are to be replaced. */
  readonly taintedJwtKeyIds: ReadonlySet<string>;
}

/** The bundles of one round; those that have not changed are the same objects as before. */
export interface TrustBundles {
  readonly own: TrustBundle;
  /** All bundles by name of the trust domain, with the agent's own. */
  readonly byName: ReadonlyMap<string, Bundle>;
}

/** What {@link TrustBundleFetcher.fetch} needs. */
export interface FetchBundlesOptions {
  /** Names of the trust domains that entries federate with. */
  readonly federatesWith: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** As many as SPIRE's agent asks for at a time. */
const MAX_CALLS_AT_A_TIME = 10;

/** Asks the server for bundles and remembers them, so that what has not changed is not parsed again. */
export class TrustBundleFetcher {
  readonly #log: Logger;
  #known: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly parsed: TrustBundle }> = new Map();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Rejects when the own bundle cannot be had; federated ones that the server does not know are left out. */
  async fetch(client: RpcClient, options: FetchBundlesOptions): Promise<TrustBundles> {
    const { signal, timeoutMs } = options;
    const own = await this.#fetchOwn(client, { signal, timeoutMs });
    const federated = await this.#fetchFederated(client, options);
    const known = new Map<string, { readonly bytes: Uint8Array; readonly parsed: TrustBundle }>();
    for (const wire of [own, ...federated]) {
      const bytes = WireBundle.encode(wire).finish();
      const before = this.#known.get(wire.trustDomain);
      try {
        const parsed =
          before !== undefined && Buffer.compare(before.bytes, bytes) === 0 ? before.parsed : trustBundleFromWire(wire);
        known.set(wire.trustDomain, { bytes, parsed });
      } catch (error) {
        if (wire === own) throw prefixed('failed to parse trust domain bundle', error);
        this.#log.warn('Received malformed bundle from SPIRE server; are the server and agent versions compatible?', {
          trust_domain_id: wire.trustDomain,
          error,
        });
      }
    }
    this.#known = known;
    const parsedOwn = known.get(own.trustDomain)?.parsed;
    if (parsedOwn === undefined) throw new SpirekitError('internal', 'bundle not found');
    return {
      own: parsedOwn,
      byName: new Map(Array.from(known.values(), ({ parsed }) => [parsed.bundle.trustDomain.name, parsed.bundle])),
    };
  }

  async #fetchOwn(
    client: RpcClient,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<WireBundle> {
    try {
      return await client.unary(BundleDefinition, 'getBundle', { outputMask: undefined }, options);
    } catch (error) {
      throw failedCall(error, { what: 'fetch bundle', signal: options.signal, log: this.#log });
    }
  }

  async #fetchFederated(client: RpcClient, options: FetchBundlesOptions): Promise<readonly WireBundle[]> {
    const names = [...options.federatesWith].sort();
    const bundles: (WireBundle | undefined)[] = [];
    const work = async (): Promise<void> => {
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        bundles.push(await this.#fetchOneFederated(client, name, options));
      }
    };
    await Promise.all(Array.from({ length: Math.min(MAX_CALLS_AT_A_TIME, names.length) }, work));
    return bundles.filter((bundle) => bundle !== undefined);
  }

  async #fetchOneFederated(
    client: RpcClient,
    trustDomain: string,
    options: FetchBundlesOptions,
  ): Promise<WireBundle | undefined> {
    const { signal, timeoutMs } = options;
    try {
      const request = { trustDomain, outputMask: undefined };
      return await client.unary(BundleDefinition, 'getFederatedBundle', request, { signal, timeoutMs });
    } catch (error) {
      if (error instanceof RpcError && error.status === RpcCode.notFound) {
        this.#log.warn('Federated bundle not found', { federated_bundle: trustDomain });
        return undefined;
      }
      const fields = { federated_bundle: trustDomain };
      throw failedCall(error, { what: 'fetch federated bundle', signal, log: this.#log, fields });
    }
  }
}

/** Throws `invalid-argument` or the error of the part that is malformed. */
export function trustBundleFromWire(wire: WireBundle): TrustBundle {
  const { trustDomain, x509Authorities, jwtAuthorities, sequenceNumber } = bundleFromWire(wire);
  const x509 = x509Authorities.map(({ certificate, tainted }) => ({
    certificate: Certificate.parse(certificate),
    tainted,
  }));
  const bundle = new Bundle(trustDomain, {
    x509Authorities: x509.map(({ certificate }) => certificate),
    jwtAuthorities: new Map(jwtAuthorities.map(({ keyId, publicKey }) => [keyId, parsePublicKey(publicKey)])),
    sequenceNumber,
  });
  return {
    bundle,
    taintedX509Authorities: x509.filter(({ tainted }) => tainted).map(({ certificate }) => certificate),
    taintedJwtKeyIds: new Set(jwtAuthorities.filter(({ tainted }) => tainted).map(({ keyId }) => keyId)),
  };
}
