import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildServer } from './child-server.ts';
import { freePort } from './deployment.ts';
import { findOnPath } from './programs.ts';
import { findPythonTool } from './python-tool.ts';

/** How moto's server is started, or why it cannot be had. */
export type FoundMoto =
  | { readonly command: string; readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv }
  | { readonly missing: string };

/** `MOTO_SERVER_BIN`, `moto_server` on the PATH, or moto from PyPI. */
export async function findMoto(): Promise<FoundMoto> {
  const named = process.env['MOTO_SERVER_BIN'] ?? findOnPath('moto_server');
  if (named !== undefined) {
    return existsSync(named) ? { command: named, args: [], env: {} } : { missing: `there is no ${named}` };
  }
  const tool = await findPythonTool({
    packages: ['moto==5.2.5', 'flask==3.1.2', 'flask-cors==6.0.1', 'py-partiql-parser==0.6.1', 'PyYAML==6.0.2'],
    withDependencies: true,
  });
  if ('missing' in tool) return tool;
  return {
    command: 'python3',
    args: ['-m', 'moto.server'],
    env: { PYTHONPATH: tool.folder, PYTHONDONTWRITEBYTECODE: '1' },
  };
}

/** A stand-in for the services of AWS, on loopback; what it is told it forgets when it ends. */
export class Moto implements AsyncDisposable {
  readonly address: string;
  readonly #server: ChildServer;
  readonly #folder: string;

  private constructor(address: string, server: ChildServer, folder: string) {
    this.address = address;
    this.#server = server;
    this.#folder = folder;
  }

  static async start({ command, args, env }: Exclude<FoundMoto, { missing: string }>): Promise<Moto> {
    const folder = mkdtempSync(join(tmpdir(), 'moto-'));
    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const server = await ChildServer.start({
      command,
      args: [...args, '-H', '127.0.0.1', '-p', String(port)],
      env: { PATH: process.env['PATH'], HOME: folder, ...env },
      isUp: async () => (await fetch(`${address}/moto-api/`).catch(() => undefined))?.ok === true,
      folder,
    });
    return new Moto(address, server, folder);
  }

  /** The environment of a process that shall take it for AWS. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.address,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: join(this.#folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(this.#folder, 'credentials'),
    };
  }

  /** A secret with a text. */
  async createSecret(name: string, text: string): Promise<void> {
    await this.#call('secretsmanager', {
      method: 'POST',
      headers: { 'X-Amz-Target': 'secretsmanager.CreateSecret', 'Content-Type': 'application/x-amz-json-1.1' },
      body: JSON.stringify({ Name: name, SecretString: text }),
      region: 'eu-central-1',
    });
  }

  async createBucket(name: string): Promise<void> {
    await this.#call('s3', { method: 'PUT', path: name });
  }

  /** What an object holds; undefined if there is none. */
  async getObject(bucket: string, key: string): Promise<Uint8Array | undefined> {
    const headers = { Authorization: authorization('s3', 'us-east-1') };
    const answer = await fetch(`${this.address}/${bucket}/${key}`, { headers });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return answer.ok ? bytes : undefined;
  }

  async #call(service: string, { path = '', headers, region = 'us-east-1', ...rest }: MotoCall): Promise<void> {
    const answer = await fetch(`${this.address}/${path}`, {
      ...rest,
      headers: { ...headers, Authorization: authorization(service, region) },
    });
    if (!answer.ok) throw new Error(`${service}: ${answer.status} ${await answer.text()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

interface MotoCall {
  readonly method: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly region?: string;
}

/** Names the service and the region; moto looks at no signature. */
function authorization(service: string, region: string): string {
  return `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=none`;
}
