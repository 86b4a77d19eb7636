import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { CertificateTemplate } from '../../../src/lib/crypto/certificate-builder.ts';
import type { BundleDocument } from '../../../src/lib/inspect/document.ts';
import { TrustedBundles } from '../../../src/lib/inspect/trusted-bundles.ts';
import type { MtlsIdentity } from '../../../src/lib/mtls/identity.ts';
import { tlsMaterial } from '../../../src/lib/rpc/tls-material.ts';
import { SpiffeId, TrustDomain } from '../../../src/lib/spiffe/spiffe-id.ts';
import { X509Svid } from '../../../src/lib/spiffe/x509-svid.ts';
import { type Issued, issue, issueCa } from '../crypto/test-ca.ts';

const now = Date.now();
const DAY_MS = 86_400_000;

/** A trust domain with an authority that is valid now. */
export interface Domain {
  readonly name: string;
  readonly ca: Issued;
}

export async function makeDomain(name: string): Promise<Domain> {
  const ca = await issueCa({
    uris: [`spiffe://${name}`],
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + DAY_MS),
  });
  return { name, ca };
}

/** A bundle of a domain, perhaps with its authority tainted. */
export function bundleOf({ name, ca }: Domain, isTainted = false): BundleDocument {
  return {
    kind: 'bundle',
    name: `bundle of ${name}`,
    trustDomain: TrustDomain.parse(name),
    form: 'server',
    x509Authorities: [{ certificate: ca.certificate, isTainted }],
    jwtAuthorities: [],
    witAuthorities: [],
    sequenceNumber: undefined,
    refreshHint: undefined,
  };
}

/** A leaf of a domain that is valid now; anything can be overridden. */
export function issueLeaf(domain: Domain, path: string, overrides: Partial<CertificateTemplate> = {}): Promise<Issued> {
  return issue(
    {
      uris: [`spiffe://${domain.name}${path}`],
      keyUsages: ['digitalSignature'],
      extendedKeyUsages: ['serverAuth', 'clientAuth'],
      notBefore: new Date(now - 60_000),
      notAfter: new Date(now + 3_600_000),
      ...overrides,
    },
    domain.ca,
  );
}

/** An identity that knows peers by these bundles. */
export async function makeIdentity(
  domain: Domain,
  path: string,
  bundles: readonly BundleDocument[],
  overrides: Partial<CertificateTemplate> = {},
): Promise<MtlsIdentity> {
  const { certificate, key } = await issueLeaf(domain, path, overrides);
  const id = SpiffeId.parse(`spiffe://${domain.name}${path}`);
  return { svid: new X509Svid(id, [certificate], key), bundles: new TrustedBundles(bundles) };
}

/** A server on a loopback port of its own; all its connections go with it. */
export class Peer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Speaks TLS with a leaf of somebody's. */
  static tls({ certificate, key }: Issued, options: TlsOptions = {}): Promise<Peer> {
    const server = createTlsServer(
      { ...tlsMaterial([certificate.der], key), requestCert: true, rejectUnauthorized: false, ...options },
      (socket) => socket.on('error', () => {}),
    );
    server.on('tlsClientError', () => {});
    return new Peer(server).#listen();
  }

  /** Says something in the clear to everybody; nothing if it is undefined. */
  static plain(words: string | undefined): Promise<Peer> {
    return new Peer(createTcpServer((socket) => void (words === undefined || socket.end(words)))).#listen();
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #listen(): Promise<Peer> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }
}
