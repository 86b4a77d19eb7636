import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createSecureContext } from 'node:tls';
import { publicRoots } from '../../fetch/public-roots.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type ErrorCode, SpirekitError } from '../../runtime/errors.ts';
import { ioReason } from '../../runtime/io-reason.ts';
import { textOf } from './json-members.ts';
import type { KubeAccess } from './kube-config.ts';

/** One call of the API server. */
export interface KubeCall {
  readonly method: 'GET' | 'PATCH';
  /** With a leading slash, encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: { readonly contentType: string; readonly value: object };
}

const TIMEOUT_MS = 30_000;
/** A list of webhooks with their bundles is far smaller. */
const LARGEST_ANSWER_BYTES = 16 * 1024 * 1024;

/** What the API server's refusals mean. A conflict (409) is `aborted`: read again and try again. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-argument',
  401: 'unauthenticated',
  403: 'permission-denied',
  404: 'not-found',
  409: 'aborted',
  422: 'invalid-argument',
  429: 'resource-exhausted',
};

/** Calls the API server of one cluster. */
export class KubeClient implements Disposable {
  readonly #access: KubeAccess;
  readonly #clock: Pick<Clock, 'schedule'>;
  readonly #agent: Agent;

  /** Error: `invalid-config` for certificates or a key that cannot be used. */
  constructor(access: KubeAccess, clock: Pick<Clock, 'schedule'>) {
    this.#access = access;
    this.#clock = clock;
    const { ca, certificate, serverName } = access;
    try {
      const secureContext = createSecureContext({
        ca: ca ?? [...publicRoots()],
        minVersion: 'TLSv1.2',
        ...certificate,
      });
      const name = serverName !== undefined && { servername: serverName };
      this.#agent = new Agent({ maxSockets: 4, rejectUnauthorized: true, secureContext, ...name });
    } catch (cause) {
      throw new SpirekitError('invalid-config', 'unusable certificates in the Kubernetes configuration', { cause });
    }
  }

  /**
   * The object that the API server answers with. Errors: those of its status, with its own message; `unavailable` without
   * an answer, `deadline-exceeded` after 30 s, the signal's reason.
   */
  async call(call: KubeCall, outer?: AbortSignal): Promise<unknown> {
    outer?.throwIfAborted();
    const late = new AbortController();
    const cancel = this.#clock.schedule(TIMEOUT_MS, () =>
      late.abort(new SpirekitError('deadline-exceeded', `no answer of the API server within ${TIMEOUT_MS / 1000} s`)),
    );
    const signal = outer === undefined ? late.signal : AbortSignal.any([outer, late.signal]);
    try {
      const { status, body } = await this.#send(call, signal);
      const value = parse(body);
      if (status >= 200 && status < 300) return value;
      throw refusal(status, value);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof SpirekitError) throw cause;
      throw new SpirekitError('unavailable', `the API server cannot be reached: ${ioReason(cause)}`, { cause });
    } finally {
      cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #send(
    { method, path, query = {}, body }: KubeCall,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const token = await this.#access.findToken();
    const search = new URLSearchParams(query).toString();
    const data = body === undefined ? undefined : Buffer.from(JSON.stringify(body.value), 'utf8');
    const headers = {
      accept: 'application/json',
      'user-agent': 'spirekit',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(data !== undefined && { 'content-type': body?.contentType, 'content-length': data.length }),
    };
    const url = `${this.#access.server}${path}${search === '' ? '' : `?${search}`}`;
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { method, headers, agent: this.#agent, signal }, resolve).on('error', reject).end(data);
    });
    return { status: message.statusCode ?? 0, body: await readBody(message) };
  }
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LARGEST_ANSWER_BYTES) {
      message.destroy();
      throw new SpirekitError('unavailable', 'the answer of the API server is too large');
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Undefined for what is no JSON, such as the page of a proxy. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function refusal(status: number, answer: unknown): SpirekitError {
  const said = textOf(answer, 'message') || `status ${status}`;
  return new SpirekitError(CODES[status] ?? 'unavailable', `the API server refuses: ${said}`);
}
