import { bundleClient } from '../../../../client/bundle-client.ts';
import { svidClient } from '../../../../client/svid-client.ts';
import { Certificate } from '../../../../crypto/certificate.ts';
import { RpcClient } from '../../../../rpc/client.ts';
import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { AuthorityBundle, KeyAuthority } from '../../../../spiffe/authority-bundle.ts';
import { authenticateServer } from '../../../../spiffe/server-authentication.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type { X509Svid } from '../../../../spiffe/x509-svid.ts';
import { bundleFromWire, keyAuthoritiesFromWire, keyAuthorityToWire } from '../../../../wire/convert/bundle.ts';
import type { X509Context } from '../../../../workloadapi/x509-context.ts';

/** Where the upstream server is, and how it is known. */
export interface UpstreamServerOptions {
  readonly host: string;
  readonly port: number;
  readonly trustDomain: TrustDomain;
  /** OpenSSL's names of the key exchange groups to allow; its default otherwise. */
  readonly keyExchangeGroups: string | undefined;
  readonly clock: Clock;
}

/** How long one call may take. */
const CALL_TIMEOUT_MS = 10_000;

/** Some kilobytes each is what certificates and bundles take. */
const MAX_RECEIVE_BYTES = 16 << 20;

/**
 * One connection to the server above, under one identity. The server must be `spiffe://<trust domain>/spire/server` of
 * this trust domain.
 */
export class UpstreamServer implements AsyncDisposable {
  readonly #rpc: RpcClient;

  /** @param bundles gives those of the moment, by the name of the trust domain */
  constructor(
    { host, port, trustDomain, keyExchangeGroups, clock }: UpstreamServerOptions,
    svid: X509Svid,
    bundles: () => X509Context['bundles'] | undefined,
  ) {
    this.#rpc = new RpcClient(
      {
        kind: 'tcp',
        host,
        port,
        tls: {
          certificateChain: svid.certificates.map(({ der }) => der),
          privateKey: svid.privateKey,
          verifyServer: (chain) => {
            const authorities = bundles()?.get(trustDomain.name);
            if (authorities === undefined) {
              throw new SpirekitError('not-found', `no X.509 bundle found for trust domain: "${trustDomain}"`);
            }
            authenticateServer(chain, { trustDomain, authorities, clock });
          },
          keyExchangeGroups,
        },
      },
      { clock, maxReceiveBytes: MAX_RECEIVE_BYTES },
    );
  }

  /** A CA for the key of the CSR, leaf first and without the root. Error: `internal`, with what the server said. */
  async newDownstreamX509Ca(
    csr: Uint8Array,
    preferredTtlSeconds: number,
    options: { readonly signal: AbortSignal },
  ): Promise<readonly [Certificate, ...Certificate[]]> {
    const request = { csr: Buffer.from(csr), preferredTtl: preferredTtlSeconds };
    const [ca, ...above] = await said('unable to request a new Downstream X509CA', async () => {
      const response = await svidClient(this.#rpc).newDownstreamX509CA(request, bounded(options));
      return response.caCertChain.map((der) => Certificate.parse(der));
    });
    if (ca === undefined) throw new SpirekitError('internal', 'the upstream server sent no X.509 CA');
    return [ca, ...above];
  }

  /** Publishes a key; resolves with all. Error: `internal`, with what the server said. */
  publishJwtKey(key: KeyAuthority, options: { readonly signal: AbortSignal }): Promise<readonly KeyAuthority[]> {
    const request = { jwtAuthority: keyAuthorityToWire(key) };
    return said('failed to push JWT authority', async () =>
      keyAuthoritiesFromWire(
        (await bundleClient(this.#rpc).publishJWTAuthority(request, bounded(options))).jwtAuthorities,
      ),
    );
  }

  /** The bundle of the trust domain. Error: `internal`, with what the server said. */
  getBundle(options: { readonly signal: AbortSignal }): Promise<AuthorityBundle> {
    return said('failed to fetch bundle from upstream server', async () =>
      bundleFromWire(await bundleClient(this.#rpc).getBundle({ outputMask: undefined }, bounded(options))),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rpc.close();
  }
}

function bounded({ signal }: { readonly signal: AbortSignal }): {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
} {
  return { signal, timeoutMs: CALL_TIMEOUT_MS };
}

async function said<T>(sentence: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const { code, message } = SpirekitError.from(cause);
    if (code === 'canceled') throw cause;
    throw new SpirekitError('internal', `${sentence}: ${message}`, { cause });
  }
}
