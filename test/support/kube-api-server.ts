import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueCertificate } from '../../src/lib/crypto/certificate-builder.ts';
import { generateKey, privateKeyToPkcs8, publicKeyDer, subjectKeyId } from '../../src/lib/crypto/key.ts';
import { Name } from '../../src/lib/crypto/name.ts';
import { pemEncode } from '../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../src/lib/crypto/signer.ts';

/** An object of the API server. */
export type KubeObject = Record<string, unknown> & {
  metadata: { name: string; namespace?: string; resourceVersion?: string; labels?: Record<string, string> };
};

const TOKEN = 'the-token-of-the-service-account';

/**
 * The part of a Kubernetes API server that holds config maps, webhook configurations and API services: over https with a CA
 * of its own, for a bearer token, with resource versions and the conflicts that come of them, apply and merge patches.
 */
export class KubeApiServer implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'spirekit-kube-'));
  /** By path. */
  readonly objects = new Map<string, KubeObject>();
  /** What was asked, as `METHOD path`. */
  readonly calls: string[] = [];
  /** Answer everything with this status. */
  refusing: number | undefined;
  /** So many patches to come will find that another was faster. */
  conflicts = 0;
  #server: Server | undefined;
  #version = 0;

  static async open(): Promise<KubeApiServer> {
    const api = new KubeApiServer();
    const [caKey, key] = [await generateKey('ec-p256'), await generateKey('ec-p256')];
    const signer = signerFromKey(caKey);
    const now = Date.now();
    const common = { notBefore: new Date(now - 60_000), notAfter: new Date(now + 3_600_000), signer };
    const issuer = Name.of({ commonName: 'cluster' });
    const ca = await issueCertificate({
      ...common,
      subject: issuer,
      issuer,
      isCa: true,
      keyUsages: ['keyCertSign'],
      publicKey: signer.publicKey,
      subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
    });
    const leaf = await issueCertificate({
      ...common,
      subject: Name.of({ commonName: 'api' }),
      issuer,
      isCa: false,
      dnsNames: ['localhost'],
      keyUsages: ['digitalSignature'],
      extendedKeyUsages: ['serverAuth'],
      publicKey: signerFromKey(key).publicKey,
      authorityKeyId: ca.subjectKeyId,
    });
    api.#server = createServer(
      { cert: leaf.toPem(), key: pemEncode('PRIVATE KEY', privateKeyToPkcs8(key)) },
      (request, response) => void api.#serve(request, response),
    ).listen(0, '127.0.0.1');
    await once(api.#server, 'listening');
    writeFileSync(api.path('ca.crt'), ca.toPem());
    writeFileSync(api.path('token'), `${TOKEN}\n`);
    writeFileSync(api.kubeconfig, api.kubeconfigWith(`token: ${TOKEN}`));
    return api;
  }

  get url(): string {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) throw new Error('the API server does not listen');
    return `https://localhost:${address.port}`;
  }

  /** A kubeconfig that lets in. */
  get kubeconfig(): string {
    return this.path('kubeconfig');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  kubeconfigWith(user: string, cluster = 'certificate-authority: ca.crt'): string {
    return `apiVersion: v1
kind: Config
current-context: test
contexts:
- name: test
  context: {cluster: c, user: u}
clusters:
- name: c
  cluster:
    server: ${this.url}/
    ${cluster}
users:
- name: u
  user:
    ${user}
`;
  }

  /** Puts an object there, under its path. */
  put(path: string, object: KubeObject): void {
    const resourceVersion = String(++this.#version);
    this.objects.set(path, { ...object, metadata: { ...object.metadata, resourceVersion } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.close();
    this.#server?.closeAllConnections();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    this.calls.push(`${request.method} ${url.pathname}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { status, body } = this.#answer(request, url, Buffer.concat(chunks).toString('utf8'));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #answer(request: IncomingMessage, url: URL, text: string): { status: number; body: unknown } {
    if (this.refusing !== undefined) return failure(this.refusing, 'the API server is told to refuse');
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return failure(401, 'Unauthorized');
    const path = url.pathname;
    if (path.includes('/namespaces/forbidden/')) return failure(403, 'configmaps is forbidden');
    const label = url.searchParams.get('labelSelector');
    if (label !== null) {
      const [key = '', value] = label.split('=');
      const items = [...this.objects]
        .filter(([at, { metadata }]) => at.startsWith(`${path}/`) && metadata.labels?.[key] === value)
        .map(([, object]) => object);
      return { status: 200, body: { kind: 'List', items } };
    }
    const object = this.objects.get(path);
    if (request.method === 'GET') {
      return object === undefined ? failure(404, `${path} not found`) : { status: 200, body: object };
    }
    const patch: KubeObject = JSON.parse(text);
    if (request.headers['content-type'] === 'application/apply-patch+yaml') {
      if (!url.searchParams.has('fieldManager')) return failure(400, 'fieldManager is required for apply patch');
      this.put(path, merge(object ?? {}, patch) as KubeObject);
      return { status: object === undefined ? 201 : 200, body: this.objects.get(path) };
    }
    if (object === undefined) return failure(404, `${path} not found`);
    // Another server is faster, and puts its own word there.
    if (this.conflicts-- > 0) this.put(path, object);
    const { resourceVersion } = this.objects.get(path)?.metadata ?? {};
    if (patch.metadata.resourceVersion !== resourceVersion) {
      return failure(
        409,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
    this.put(path, merge(object, patch) as KubeObject);
    return { status: 200, body: this.objects.get(path) };
  }
}

function failure(code: number, message: string): { status: number; body: unknown } {
  return { status: code, body: { kind: 'Status', status: 'Failure', message, code } };
}

/** A strategic merge: members of objects one by one, items of lists by their names. */
function merge(old: unknown, patch: unknown): unknown {
  if (Array.isArray(old) && Array.isArray(patch)) {
    return old.map((item) => merge(item, patch.find((other) => other.name === item.name) ?? {}));
  }
  if (typeof old !== 'object' || old === null || typeof patch !== 'object' || patch === null) return patch;
  const merged: Record<string, unknown> = { ...old };
  for (const [name, value] of Object.entries(patch)) merged[name] = merge(merged[name], value);
  return merged;
}
