import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { publicRoots } from '../../fetch/public-roots.ts';
import { SpirekitError } from '../../runtime/errors.ts';

/** What {@link download} needs. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly helperParameters: Readonly<Record<string, string>>;
  readonly extraRoots?: readonly string[] | undefined;
}

/** A bundle of a hundred authorities takes some 100 kB. */
const LARGEST_BODY_BYTES = 4 * 1024 * 1024;

const MOST_REDIRECTS = 5;

/**
 * The body of an answer to GET: over https, or over http through a unix socket whose owner answers for it. Redirects
 * are followed only over https. Errors: `unavailable`.
 */
export async function download(
  source: { readonly url: string; readonly unixSocket: string | undefined },
  options: DownloadOptions,
): Promise<Uint8Array> {
  try {
    if (source.unixSocket !== undefined) {
      const url = new URL(source.url);
      for (const [name, value] of Object.entries(options.helperParameters)) url.searchParams.set(name, value);
      return await readBody(await getThroughSocket(url, source.unixSocket, options.signal), options.signal);
    }
    return await readBody(await getSecurely(new URL(source.url), options), options.signal);
  } catch (cause) {
    const error = SpirekitError.from(cause);
    if (error.code === 'unavailable' || error.code === 'canceled') throw error;
    throw new SpirekitError('unavailable', `unable to fetch trust bundle URL ${source.url}: ${error.message}`, {
      cause,
    });
  }
}

function getThroughSocket(url: URL, socketPath: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { socketPath, signal, agent: false }, resolve).once('error', reject).end();
  });
}

async function getSecurely(url: URL, options: DownloadOptions): Promise<IncomingMessage> {
  const ca = [...publicRoots(), ...(options.extraRoots ?? [])];
  let current = url;
  for (let redirects = 0; ; redirects++) {
    if (current.protocol !== 'https:') throw new SpirekitError('unavailable', `redirected to ${current.protocol}//`);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const { signal } = options;
      httpsRequest(current, { ca, signal, agent: false, rejectUnauthorized: true }, resolve)
        .once('error', reject)
        .end();
    });
    const { statusCode, headers } = response;
    if (statusCode === undefined || statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
      return response;
    }
    response.destroy();
    if (redirects === MOST_REDIRECTS) throw new SpirekitError('unavailable', 'too many redirects');
    current = new URL(headers.location, current);
  }
}

async function readBody(response: IncomingMessage, signal: AbortSignal): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    response.destroy();
    const answer = `${response.statusCode} ${response.statusMessage}`;
    throw new SpirekitError('unavailable', `error downloading trust bundle: ${answer}`);
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response) {
    signal.throwIfAborted();
    if (!(part instanceof Uint8Array)) continue;
    length += part.length;
    if (length > LARGEST_BODY_BYTES) throw new SpirekitError('unavailable', 'the answer is too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}
