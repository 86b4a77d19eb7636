import { type IncomingMessage, request } from 'node:http';
import { Certificate } from '../crypto/certificate.ts';
import type { Finding } from '../findings/finding.ts';
import { HandshakeError, shakeHands, tlsError } from '../inspect/tls-handshake.ts';
import { tlsMaterial } from '../rpc/tls-material.ts';
import type { Clock } from '../runtime/clock.ts';
import { type ErrorCode, SpirekitError } from '../runtime/errors.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { MtlsIdentity } from './identity.ts';
import type { PeerRule } from './peer-rule.ts';
import { judgePeer } from './peer-verdict.ts';
import { failureFinding, ownFindings } from './ping.ts';

/** An HTTP request over mutual TLS. */
export interface HttpsCall {
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | undefined;
  readonly identity: MtlsIdentity;
  /** Has to name somebody. */
  readonly rule: PeerRule;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For everything together. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** What a peer that was verified has answered. */
export interface HttpsAnswer {
  readonly peer: SpiffeId;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** To be read to its end once; bounded. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** A call that ended before there was an answer, with what was found out about why. */
export class CallRefusedError extends SpirekitError {
  override readonly name = 'CallRefusedError';
  readonly findings: readonly Finding[];

  constructor(code: ErrorCode, findings: readonly Finding[], options?: ErrorOptions) {
    super(code, findings[0]?.message ?? 'the call was refused', options);
    this.findings = findings;
  }
}

/**
 * Calls a URL, once the peer has proved to be one of those who are meant: nothing but the handshake is sent before.
 * Redirects are answers like others.
 *
 * @param use gets the answer while the connection is open
 * @throws CallRefusedError `unavailable`, `deadline-exceeded`, `unauthenticated` (the peer), `permission-denied` (us);
 *   SpirekitError `resource-exhausted`, `unavailable`; the signal's reason
 */
export async function callOverMtls(call: HttpsCall, use: (answer: HttpsAnswer) => Promise<void>): Promise<void> {
  const { url, identity, rule, clock, timeoutMs } = call;
  const where = url.host;
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  const tooLate = new SpirekitError('deadline-exceeded', `no whole answer from ${where} within ${timeoutMs / 1000} s`);
  const cancel = clock.schedule(timeoutMs, () => stop.abort(tooLate));
  try {
    const { socket, chainDer } = await shakeHands({
      host: url.hostname.replace(/^\[(.*)\]$/s, '$1'),
      port: url.port === '' ? 443 : Number(url.port),
      identity: tlsMaterial(
        identity.svid.certificates.map(({ der }) => der),
        identity.svid.privateKey,
      ),
      alpn: ['http/1.1'],
      clock,
      signal,
      timeoutMs,
    });
    try {
      const certificates = chainDer.map((der) => Certificate.parse(der));
      const verdict = await judgePeer(where, certificates, { bundles: identity.bundles, rule, nowMs: clock.nowMs() });
      if (!verdict.isAccepted || verdict.id === undefined)
        throw new CallRefusedError('unauthenticated', verdict.findings);
      const response = await send(call, socket, signal);
      await use(answerOf(verdict.id, response, call));
    } finally {
      socket.on('error', () => {});
      socket.destroy();
    }
  } catch (error) {
    if (stop.signal.aborted && !(error instanceof CallRefusedError)) throw stop.signal.reason;
    throw explained(error, call);
  } finally {
    cancel();
  }
}

function send(call: HttpsCall, socket: import('node:net').Socket, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, method, headers, body } = call;
  return new Promise((resolve, reject) => {
    const sent = request({
      createConnection: () => socket,
      method,
      path: `${url.pathname}${url.search}`,
      // Later ones of a name replace those here.
      headers: Object.fromEntries([
        ['host', url.host],
        ['accept', '*/*'],
        ['user-agent', 'spirekit'],
        ['connection', 'close'],
        ...(body === undefined ? [] : [['content-length', String(body.length)]]),
        ...headers.map(([name, value]) => [name.toLowerCase(), value]),
      ]),
      maxHeaderSize: 64 * 1024,
      signal,
    });
    sent.once('response', resolve).once('error', reject);
    sent.end(body);
  });
}

function answerOf(peer: SpiffeId, response: IncomingMessage, { maxBytes, url }: HttpsCall): HttpsAnswer {
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < response.rawHeaders.length; index += 2) {
    headers.push([response.rawHeaders[index] ?? '', response.rawHeaders[index + 1] ?? '']);
  }
  return {
    peer,
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    headers,
    body: boundedBody(response, maxBytes, url.host),
  };
}

async function* boundedBody(
  response: IncomingMessage,
  maxBytes: number,
  where: string,
): AsyncGenerator<Uint8Array, void> {
  let length = 0;
  try {
    for await (const part of response) {
      if (!(part instanceof Uint8Array)) continue;
      length += part.length;
      if (length > maxBytes) {
        throw new SpirekitError('resource-exhausted', `the answer of ${where} has more than ${maxBytes} bytes`);
      }
      yield part;
    }
  } catch (cause) {
    if (cause instanceof SpirekitError) throw cause;
    throw new SpirekitError('unavailable', `the answer of ${where} broke off: ${ioReason(cause)}`, { cause });
  }
}

/** An alert that comes instead of an answer is about our certificate. */
function explained(error: unknown, { url, identity, clock }: HttpsCall): unknown {
  const isTls =
    error instanceof Error && (errnoOf(error)?.startsWith('ERR_SSL_') === true || errnoOf(error) === 'ECONNRESET');
  const failure = error instanceof HandshakeError ? error : isTls ? tlsError(url.host, error) : undefined;
  if (failure !== undefined) {
    const findings = [failureFinding(url.host, failure, identity.svid), ...ownFindings(identity, clock.nowMs())];
    const isRefused = failure.kind === 'alert' || failure.kind === 'hung-up';
    return new CallRefusedError(isRefused ? 'permission-denied' : failure.code, findings, { cause: error });
  }
  if (error instanceof SpirekitError || !(error instanceof Error) || error.name === 'AbortError') return error;
  return new SpirekitError('unavailable', `${url.host} does not answer in HTTP: ${ioReason(error)}`, { cause: error });
}
