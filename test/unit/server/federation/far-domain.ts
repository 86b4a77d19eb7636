import type { RequestListener } from 'node:http';
import { generateKey, publicKeyDer } from '../../../../src/lib/crypto/key.ts';
import { DocumentFetcher } from '../../../../src/lib/fetch/document-fetcher.ts';
import type { Clock } from '../../../../src/lib/runtime/clock.ts';
import type { FederationRelationship } from '../../../../src/lib/server/datastore/federation-store.ts';
import type { AuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle.ts';
import { formatAuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle-document.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { HttpsEndpoint, TestAuthority } from '../../../support/https-endpoint.ts';

/** The SPIFFE ID of {@link FarDomain}'s endpoint. */
export const ENDPOINT_ID = SpiffeId.parse('spiffe://far.org/bundle-endpoint');

/** Another trust domain with a bundle endpoint of either profile, which answers as it is told. */
export class FarDomain implements AsyncDisposable {
  readonly trustDomain = TrustDomain.parse('far.org');
  readonly endpoint: HttpsEndpoint;
  readonly #web: TestAuthority;
  /** What is answered to each request. */
  answer: RequestListener = (_, response) => response.end(formatAuthorityBundle(this.bundle));
  /** What is answered unless {@link answer} was replaced. */
  bundle: AuthorityBundle;

  private constructor(
    endpoint: (answer: RequestListener) => HttpsEndpoint,
    web: TestAuthority,
    bundle: AuthorityBundle,
  ) {
    this.#web = web;
    this.bundle = bundle;
    this.endpoint = endpoint((request, response) => this.answer(request, response));
  }

  /** @param profile with a certificate of the web, or with an SVID of the trust domain */
  static async open(profile: 'https_web' | 'https_spiffe' = 'https_web', id = ENDPOINT_ID): Promise<FarDomain> {
    const web = await TestAuthority.make();
    const authority = await TestAuthority.make('spiffe://far.org');
    const identity =
      profile === 'https_web'
        ? await web.issue({ dnsNames: ['localhost'] })
        : await authority.issue({ uris: [id.toString()] });
    let answer: RequestListener = () => {};
    const endpoint = await HttpsEndpoint.open(identity, (request, response) => answer(request, response));
    const bundle: AuthorityBundle = {
      trustDomain: TrustDomain.parse('far.org'),
      x509Authorities: [{ certificate: new Uint8Array(authority.certificate.der), tainted: false }],
      jwtAuthorities: [await jwtAuthority('first')],
      witAuthorities: [],
      refreshHintSeconds: 300,
      sequenceNumber: 5n,
    };
    return new FarDomain(
      (listener) => {
        answer = listener;
        return endpoint;
      },
      web,
      bundle,
    );
  }

  /** The bundle with another key and, unless said otherwise, the next sequence number. */
  async changed(changes: Partial<AuthorityBundle> = {}): Promise<AuthorityBundle> {
    const jwtAuthorities = [...this.bundle.jwtAuthorities, await jwtAuthority(`key ${this.bundle.sequenceNumber}`)];
    return { ...this.bundle, jwtAuthorities, sequenceNumber: this.bundle.sequenceNumber + 1n, ...changes };
  }

  /** Answers with this bundle from now on. */
  serve(bundle: AuthorityBundle): void {
    this.bundle = bundle;
    this.answer = (_, response) => response.end(formatAuthorityBundle(bundle));
  }

  relationship(profile: 'https_web' | 'https_spiffe' = 'https_web', id = ENDPOINT_ID): FederationRelationship {
    return {
      trustDomain: this.trustDomain,
      bundleEndpointUrl: this.endpoint.url(),
      profile: profile === 'https_web' ? { kind: profile } : { kind: profile, endpointSpiffeId: id },
    };
  }

  /** A fetcher to which this domain's web authority is one of the web's. */
  fetcher(clock: Clock): DocumentFetcher {
    return new DocumentFetcher({ clock, webRoots: [this.#web.pem] });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.endpoint[Symbol.asyncDispose]();
  }
}

/** A new key under an ID. */
export async function jwtAuthority(keyId: string): Promise<AuthorityBundle['jwtAuthorities'][number]> {
  const publicKey = new Uint8Array(publicKeyDer(await generateKey('ec-p256')));
  return { keyId, publicKey, expiresAtSeconds: 0, tainted: false };
}
