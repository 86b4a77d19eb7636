import { type IncomingMessage, request } from 'node:http';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { SECURE_OPTIONS } from '../rpc/tls-material.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { ioReason } from '../runtime/io-reason.ts';
import { addressScope } from './address-scope.ts';
import { FetchError } from './fetch-error.ts';
import { hostOf, parseFetchUrl, shownUrl } from './fetch-url.ts';
import { publicRoots } from './public-roots.ts';
import { type AddressRule, openSecureConnection } from './secure-connection.ts';

/** What a {@link DocumentFetcher} is made from. */
export interface DocumentFetcherOptions {
  readonly clock: Clock;
  /** Let redirects lead to private addresses and this machine. Default false. */
  readonly allowPrivateRedirects?: boolean;
  /** The authorities of the web in PEM; by default those of the system. */
  readonly webRoots?: readonly string[];
}

/** What differs from one fetch to the next. */
export interface FetchOptions {
  /** Value of the header `accept`. */
  readonly accept?: string;
  /**
   * Decides by the server's chain (DER, leaf first) instead of the public web's rules, and throws to refuse. It holds
   * for whoever is redirected to, too.
   */
  readonly verifyServer?: (chainDer: readonly Uint8Array[]) => void;
  readonly signal?: AbortSignal | undefined;
  /** Larger bodies are refused; 1 MiB by default. */
  readonly maxBytes?: number;
  /** For everything together, redirects included; 5 s by default. */
  readonly timeoutMs?: number;
}

/** An answer that is no redirect. */
export interface FetchedDocument {
  readonly status: number;
  readonly body: Uint8Array;
}

const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 5_000;
const MOST_REDIRECTS = 5;
const MAX_HEADER_BYTES = 16 * 1024;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches documents from URLs that were configured, such as bundles and key sets, and from where they redirect to; for
 * everything that a daemon fetches, since what answers may be anybody's. Https alone, no credentials in the URL, no
 * cookies, nothing decompressed; bounds on time, size and redirects. The server must prove who it is before anything is
 * asked.
 *
 * Addresses: whoever configures a URL may mean a private one, but never a link-local one, as those of metadata services
 * are, except if the URL itself has it as an address. A redirect to another host or port leads to public addresses only, unless
 * private ones are allowed, too; to link-local ones never. What a name stands for is checked where it is connected to.
 */
export class DocumentFetcher {
  readonly #options: DocumentFetcherOptions;
  /** Made at first use: it takes all authorities of the web. */
  #web: SecureContext | undefined;
  #spiffe: SecureContext | undefined;

  constructor(options: DocumentFetcherOptions) {
    this.#options = options;
  }

  /** Follows redirects and resolves with what is behind them, whatever its status. Errors: {@link FetchError}, the signal's reason. */
  async fetch(address: string, options: FetchOptions = {}): Promise<FetchedDocument> {
    const { signal, timeoutMs = TIMEOUT_MS } = options;
    signal?.throwIfAborted();
    const first = parseFetchUrl(address);
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const tooLate = new FetchError(
      'deadline-exceeded',
      `no answer from ${shownUrl(first)} within ${timeoutMs / 1000} s`,
    );
    const cancel = this.#options.clock.schedule(timeoutMs, () => stop.abort(tooLate));
    try {
      return await this.#follow(first, options, stop.signal);
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      throw error;
    } finally {
      cancel();
      signal?.removeEventListener('abort', onAbort);
      // Ends the connection if it is still there.
      stop.abort();
    }
  }

  async #follow(first: URL, options: FetchOptions, signal: AbortSignal): Promise<FetchedDocument> {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const isAllowed: AddressRule =
        url.origin === first.origin
          ? (found) => mayBeConfigured(found, first)
          : (found) => this.#mayBeRedirectedTo(found);
      const socket = await openSecureConnection({
        url,
        isAllowed,
        secureContext: this.#secureContext(options),
        verifyServer: options.verifyServer,
        signal,
      });
      const response = await ask(socket, url, options, signal);
      const { location } = response.headers;
      const status = response.statusCode ?? 0;
      if (!REDIRECTS.has(status) || location === undefined) {
        return { status, body: await readBody(response, options.maxBytes ?? MAX_BYTES, url) };
      }
      socket.destroy();
      if (redirects === MOST_REDIRECTS)
        throw new FetchError('resource-exhausted', `too many redirects from ${shownUrl(first)}`);
      url = redirected(location, url);
    }
  }

  #mayBeRedirectedTo(address: string): boolean {
    const scope = addressScope(address);
    return scope === 'public' || (scope === 'private' && this.#options.allowPrivateRedirects === true);
  }

  #secureContext({ verifyServer }: FetchOptions): SecureContext {
    const common = { minVersion: 'TLSv1.2', secureOptions: SECURE_OPTIONS } as const;
    if (verifyServer !== undefined) {
      this.#spiffe ??= createSecureContext({ ...common, ca: [] });
      return this.#spiffe;
    }
    this.#web ??= createSecureContext({ ...common, ca: [...(this.#options.webRoots ?? publicRoots())] });
    return this.#web;
  }
}

/** A link-local address only where the URL itself has it in place of a name. */
function mayBeConfigured(address: string, url: URL): boolean {
  return address === hostOf(url) || addressScope(address) !== 'special';
}

function redirected(location: string, from: URL): URL {
  try {
    return parseFetchUrl(location, from);
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new FetchError('permission-denied', `redirect from ${shownUrl(from)} is not followed: ${reason}`, { cause });
  }
}

function ask(
  socket: TLSSocket,
  url: URL,
  { accept = '*/*' }: FetchOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void =>
      reject(new FetchError('unavailable', `no answer from ${shownUrl(url)}: ${ioReason(cause)}`, { cause }));
    request({
      createConnection: () => socket,
      method: 'GET',
      host: url.hostname,
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, accept, 'accept-encoding': 'identity', connection: 'close' },
      maxHeaderSize: MAX_HEADER_BYTES,
      signal,
    })
      .once('response', resolve)
      .on('error', failed)
      .end();
  });
}

async function readBody(response: IncomingMessage, maxBytes: number, url: URL): Promise<Uint8Array> {
  const tooLarge = (): FetchError =>
    new FetchError('resource-exhausted', `answer from ${shownUrl(url)} has more than ${maxBytes} bytes`);
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new FetchError('unavailable', `answer from ${shownUrl(url)} is compressed`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of response) {
      if (!(part instanceof Uint8Array)) continue;
      length += part.length;
      if (length > maxBytes) throw tooLarge();
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof FetchError) throw cause;
    const reason = ioReason(cause);
    throw new FetchError('unavailable', `answer from ${shownUrl(url)} broke off: ${reason}`, { cause });
  }
  return Buffer.concat(parts);
}
