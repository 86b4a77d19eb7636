import type { KeyObject } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Certificate } from '../../src/lib/crypto/certificate.ts';
import { issueCertificate } from '../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../src/lib/crypto/key.ts';
import { Name } from '../../src/lib/crypto/name.ts';
import { type Signer, signerFromKey } from '../../src/lib/crypto/signer.ts';
import { tlsMaterial } from '../../src/lib/rpc/tls-material.ts';

/** What a server shows, and with which key. */
export interface ServerIdentity {
  readonly certificates: readonly Certificate[];
  readonly privateKey: KeyObject;
}

/** What a leaf is made for; valid for a day around now. */
export interface LeafOptions {
  readonly dnsNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly notAfter?: Date;
}

const DAY_MS = 86_400_000;

/** An authority of the web or of a trust domain, with real keys. */
export class TestAuthority {
  readonly certificate: Certificate;
  readonly #signer: Signer;

  private constructor(certificate: Certificate, signer: Signer) {
    this.certificate = certificate;
    this.#signer = signer;
  }

  /** @param uri the SPIFFE ID of a trust domain; without one it is an authority of the web */
  static async make(uri?: string): Promise<TestAuthority> {
    const signer = signerFromKey(await generateKey('ec-p256'));
    const subject = Name.of({ country: ['US'], organization: ['Test'], commonName: uri ?? 'Web' });
    const certificate = await issueCertificate({
      subject,
      issuer: subject,
      ...(uri !== undefined && { uris: [uri] }),
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      isCa: true,
      keyUsages: ['keyCertSign', 'cRLSign'],
      publicKey: signer.publicKey,
      subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
      signer,
    });
    return new TestAuthority(certificate, signer);
  }

  /** In PEM. */
  get pem(): string {
    return pemOf(this.certificate);
  }

  async issue({ dnsNames = [], uris = [], notAfter }: LeafOptions): Promise<ServerIdentity> {
    const privateKey = await generateKey('ec-p256');
    const { publicKey } = signerFromKey(privateKey);
    const leaf = await issueCertificate({
      subject: Name.of({ country: ['US'], organization: ['Test'], commonName: dnsNames[0] ?? '' }),
      issuer: this.certificate.subject,
      dnsNames,
      uris,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: notAfter ?? new Date(Date.now() + DAY_MS),
      isCa: false,
      keyUsages: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
      extendedKeyUsages: ['serverAuth', 'clientAuth'],
      publicKey,
      subjectKeyId: subjectKeyId(publicKeyDer(publicKey)),
      authorityKeyId: this.certificate.subjectKeyId,
      signer: this.#signer,
    });
    return { certificates: [leaf], privateKey };
  }
}

/** Certificate and key of an identity in PEM. */
export function pemFiles({ certificates, privateKey }: ServerIdentity): { cert: string; key: string } {
  const { cert, key } = tlsMaterial(
    certificates.map(({ der }) => der),
    privateKey,
  );
  return { cert, key: key.toString() };
}

/** An https server on a loopback port that answers as it is told. */
export class HttpsEndpoint implements AsyncDisposable {
  readonly port: number;
  /** Paths that were asked for. */
  readonly asked: string[];
  readonly #sockets: ReadonlySet<Socket>;
  readonly #close: () => Promise<void>;

  private constructor(port: number, asked: string[], sockets: ReadonlySet<Socket>, close: () => Promise<void>) {
    this.port = port;
    this.asked = asked;
    this.#sockets = sockets;
    this.#close = close;
  }

  static async open(identity: ServerIdentity, answer: RequestListener): Promise<HttpsEndpoint> {
    const asked: string[] = [];
    const sockets = new Set<Socket>();
    const server = createHttpsServer(pemFiles(identity), (request, response) => {
      asked.push(request.url ?? '');
      answer(request, response);
    });
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new HttpsEndpoint(port, asked, sockets, async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    });
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** The address of a path by the name `localhost`. */
  url(path = '/'): string {
    return `https://localhost:${this.port}${path}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

function pemOf(certificate: Certificate): string {
  const lines =
    Buffer.from(certificate.der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
