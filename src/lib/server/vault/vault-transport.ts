import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pemDecodeAll, pemEncode } from '../../crypto/pem.ts';
import { publicRoots } from '../../fetch/public-roots.ts';
import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { ioReason } from '../../runtime/io-reason.ts';
import type { VaultSettings } from './vault-settings.ts';

/** A call of Vault's HTTP API. */
export interface VaultRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Behind `/v1/`, encoded. */
  readonly path: string;
  readonly body?: object;
  /** Absent at login. */
  readonly token?: string | undefined;
}

/** What Vault says. */
export interface VaultAnswer {
  readonly status: number;
  readonly text: string;
}

/** Connections at once, all of which are kept: opening one costs several signatures' time. */
const MOST_CONNECTIONS = 32;
/** The names of some ten thousand keys. */
const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024;
/** As Vault's own clients wait; an RSA-4096 key takes a small machine seconds to make. */
const TIMEOUT_MS = 60_000;
const MOST_REDIRECTS = 1;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);

/** The connections to a Vault server. Files with certificates are read when it is opened. */
export class VaultTransport implements Disposable {
  readonly #settings: VaultSettings;
  readonly #agent: HttpAgent;
  readonly #clock: Pick<Clock, 'schedule'>;

  private constructor(settings: VaultSettings, agent: HttpAgent, clock: Pick<Clock, 'schedule'>) {
    this.#settings = settings;
    this.#agent = agent;
    this.#clock = clock;
  }

  /** Error: `invalid-config` for a file with certificates or a key that cannot be used. */
  static async open(settings: VaultSettings, clock: Pick<Clock, 'schedule'>): Promise<VaultTransport> {
    const pool = {
      keepAlive: true,
      maxSockets: MOST_CONNECTIONS,
      maxFreeSockets: MOST_CONNECTIONS,
      timeout: TIMEOUT_MS,
    };
    if (settings.address.protocol === 'http:') return new VaultTransport(settings, new HttpAgent(pool), clock);
    const { auth, caCertPath } = settings;
    const client =
      auth.method === 'cert'
        ? {
            cert: await readSetting(auth.certPath, 'client_cert_path'),
            key: await readSetting(auth.keyPath, 'client_key_path'),
          }
        : {};
    const ca = caCertPath === '' ? [...publicRoots()] : await readRoots(caCertPath);
    try {
      const rejectUnauthorized = !settings.insecureSkipVerify;
      return new VaultTransport(settings, new HttpsAgent({ ...pool, ...client, ca, rejectUnauthorized }), clock);
    } catch (cause) {
      throw unusable(cause);
    }
  }

  /** One try. Errors: `unavailable` without an answer, `deadline-exceeded` after 60 s, the reason of a signal. */
  async send(request: VaultRequest, signals: readonly AbortSignal[]): Promise<VaultAnswer> {
    let url = new URL(`${this.#settings.address.href.replace(/\/+$/, '')}/v1/${request.path}`);
    for (let redirects = 0; ; redirects += 1) {
      const { message, answer } = await this.#sendTo(url, request, signals);
      const { location } = message.headers;
      if (!REDIRECTS.has(answer.status) || location === undefined || redirects >= MOST_REDIRECTS) return answer;
      // A standby names the active server. What is sent holds secrets, so never from TLS to none.
      const next: URL | undefined = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
      if (next === undefined || next.protocol !== url.protocol) return answer;
      url = next;
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #sendTo(
    url: URL,
    { method, body, token }: VaultRequest,
    outer: readonly AbortSignal[],
  ): Promise<{ message: IncomingMessage; answer: VaultAnswer }> {
    for (const signal of outer) signal.throwIfAborted();
    using stop = new Stop(outer, this.#clock);
    const { namespace } = this.#settings;
    const data = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      'X-Vault-Request': 'true',
      ...(token !== undefined && { 'X-Vault-Token': token }),
      ...(namespace !== '' && { 'X-Vault-Namespace': namespace }),
      ...(data !== undefined && { 'Content-Type': 'application/json', 'Content-Length': data.length }),
    };
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const { signal } = stop;
    try {
      const message = await new Promise<IncomingMessage>((resolve, reject) => {
        start(url, { method, headers, agent: this.#agent, signal }, resolve).on('error', reject).end(data);
      });
      return { message, answer: { status: message.statusCode ?? 0, text: await readText(message) } };
    } catch (cause) {
      signal.throwIfAborted();
      throw cause instanceof SpirekitError ? cause : new SpirekitError('unavailable', reasonOf(cause), { cause });
    }
  }
}

/** Ends one call when one of the signals aborts or its time is over. What it holds on to it lets go when disposed of. */
class Stop implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: readonly AbortSignal[];
  readonly #cancelTimer: CancelTimer;
  readonly #onAbort = (): void => {
    this.#controller.abort(this.#outer.find(({ aborted }) => aborted)?.reason);
  };

  constructor(outer: readonly AbortSignal[], clock: Pick<Clock, 'schedule'>) {
    this.#outer = outer;
    for (const signal of outer) signal.addEventListener('abort', this.#onAbort);
    const late = (): void =>
      this.#controller.abort(new SpirekitError('deadline-exceeded', `no answer within ${TIMEOUT_MS / 1000} s`));
    this.#cancelTimer = clock.schedule(TIMEOUT_MS, late, { unref: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#cancelTimer();
    for (const signal of this.#outer) signal.removeEventListener('abort', this.#onAbort);
  }
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LARGEST_ANSWER_BYTES) {
      message.destroy();
      throw new SpirekitError('resource-exhausted', `the answer is larger than ${LARGEST_ANSWER_BYTES} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function readSetting(path: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SpirekitError('invalid-config', `${setting}: open ${path}: ${ioReason(cause)}`, { cause });
  }
}

/** Node skips over what is no certificate, and then believes nobody. */
async function readRoots(path: string): Promise<string[]> {
  const bytes = await readSetting(path, 'ca_cert_path');
  try {
    const blocks = pemDecodeAll(bytes).filter(({ label }) => label === 'CERTIFICATE');
    if (blocks.length > 0) return blocks.map(({ label, der }) => pemEncode(label, der));
  } catch {
    // Told below.
  }
  throw new SpirekitError('invalid-config', `ca_cert_path: ${path} holds no certificate in PEM`);
}

function unusable(cause: unknown): SpirekitError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SpirekitError('invalid-config', `the certificates for Vault cannot be used: ${reason}`, { cause });
}

/** The codes by which Node tells that a certificate is not trusted; those with a cause to name read well themselves. */
const NOT_TRUSTED = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_)/;

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const hint = NOT_TRUSTED.test(code) ? '; set ca_cert_path to the CA of its certificate' : '';
  return `${ioReason(error)}${hint}`;
}
