import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { peerChainDer, SECURE_OPTIONS } from '../rpc/tls-material.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import { socketEvent } from '../runtime/socket-event.ts';

/** Whom to shake hands with, and as whom. */
export interface HandshakeOptions {
  readonly host: string;
  readonly port: number;
  /** Own certificates and key in PEM, shown if the peer asks. */
  readonly identity?: { readonly cert: string; readonly key: string | Buffer } | undefined;
  /** Protocols offered by ALPN; none by default. */
  readonly alpn?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For everything up to the end of the handshake. */
  readonly timeoutMs: number;
}

/** A finished handshake. Nothing about the peer has been verified. */
export interface Handshake {
  readonly socket: TLSSocket;
  /** What the peer presented, in DER, leaf first. */
  readonly chainDer: readonly Uint8Array[];
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  /** What was agreed on by ALPN; undefined without. */
  readonly alpn: string | undefined;
  /** Whether the peer asked for a certificate of ours. */
  readonly wantsClientCertificate: boolean;
  /** The address that was connected to. */
  readonly address: string;
  /** From the first packet to the connection, from there to the end of the handshake. */
  readonly connectMs: number;
  readonly handshakeMs: number;
}

/** In which step it failed, and of which kind it was. */
export type HandshakeFailureKind =
  | 'no-such-host'
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'not-tls'
  | 'hung-up'
  | 'alert'
  | 'tls';

/** Why there is no handshake. `unavailable`, or `deadline-exceeded` for {@link HandshakeFailureKind} `timeout`. */
export class HandshakeError extends SpirekitError {
  override readonly name = 'HandshakeError';
  readonly kind: HandshakeFailureKind;
  /** The name of the alert that the peer sent, as RFC 8446 section 6 has it: `unknown ca`. */
  readonly alert: string | undefined;

  constructor(
    kind: HandshakeFailureKind,
    message: string,
    options: ErrorOptions & { alert?: string | undefined } = {},
  ) {
    super(kind === 'timeout' ? 'deadline-exceeded' : 'unavailable', message, options);
    this.kind = kind;
    this.alert = options.alert;
  }
}

/**
 * Connects and runs a TLS handshake, TLS 1.2 or later, and trusts nobody: the caller looks at the chain. The socket is the
 * caller's; whatever fails closes it.
 *
 * @throws HandshakeError; the signal's reason
 */
export async function shakeHands(options: HandshakeOptions): Promise<Handshake> {
  const { clock, host, port, timeoutMs } = options;
  options.signal.throwIfAborted();
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const cancel = clock.schedule(timeoutMs, () =>
    stop.abort(new HandshakeError('timeout', `no TLS handshake with ${where} within ${timeoutMs / 1000} s`)),
  );
  try {
    const startMs = clock.monotonicMs();
    const socket = connectTcp({ host, port, noDelay: true });
    await socketEvent(socket, 'connect', signal, (error) => connectError(where, host, error));
    const connectedMs = clock.monotonicMs();
    const secure = connectTls({
      socket,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ca: [],
      minVersion: 'TLSv1.2',
      secureOptions: SECURE_OPTIONS,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
      ...options.identity,
    });
    await socketEvent(secure, 'secureConnect', signal, (error) => tlsError(where, error));
    return {
      socket: secure,
      chainDer: peerChainDer(secure),
      protocol: secure.getProtocol() ?? 'unknown',
      cipher: secure.getCipher().name,
      alpn: secure.alpnProtocol === false || secure.alpnProtocol === null ? undefined : secure.alpnProtocol,
      // A client hears of signature algorithms only in the request for its certificate.
      wantsClientCertificate: secure.getSharedSigalgs().length > 0,
      address: socket.remoteAddress ?? '',
      connectMs: connectedMs - startMs,
      handshakeMs: clock.monotonicMs() - connectedMs,
    };
  } finally {
    cancel();
  }
}

function connectError(where: string, host: string, error: Error): HandshakeError {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const errno = errnoOf(first);
  if (errno === 'ENOTFOUND' || errno === 'EAI_AGAIN' || errno === 'EAI_FAIL') {
    return new HandshakeError('no-such-host', `lookup ${host}: no such host`, { cause: error });
  }
  const kind = errno === 'ECONNREFUSED' ? 'refused' : 'unreachable';
  return new HandshakeError(kind, `cannot connect to ${where}: ${ioReason(first)}`, { cause: error });
}

/** Alerts by their number (RFC 8446 section 6, RFC 5246 section 7.2). */
const ALERTS: ReadonlyMap<number, string> = new Map([
  [10, 'unexpected message'],
  [20, 'bad record mac'],
  [40, 'handshake failure'],
  [42, 'bad certificate'],
  [43, 'unsupported certificate'],
  [44, 'certificate revoked'],
  [45, 'certificate expired'],
  [46, 'certificate unknown'],
  [47, 'illegal parameter'],
  [48, 'unknown ca'],
  [49, 'access denied'],
  [50, 'decode error'],
  [51, 'decrypt error'],
  [70, 'protocol version'],
  [71, 'insufficient security'],
  [80, 'internal error'],
  [90, 'user canceled'],
  [112, 'unrecognized name'],
  [116, 'certificate required'],
  [120, 'no application protocol'],
]);

/** By the number in OpenSSL's line, since its names differ from version to version; by the name for numbers not known here. */
function findAlert(code: string, message: string): string | undefined {
  const number = /SSL alert number (\d{1,3})/.exec(message)?.[1];
  const known = number === undefined ? undefined : ALERTS.get(Number(number));
  return known ?? /^ERR_SSL_.*_ALERT_(.+)$/.exec(code)?.[1]?.toLowerCase().replaceAll('_', ' ');
}

/** Sorts what OpenSSL says: alerts of the peer, bytes that are no TLS, the rest. Also for errors after a handshake. */
export function tlsError(where: string, error: Error): HandshakeError {
  const code = errnoOf(error) ?? '';
  const alert = findAlert(code, error.message);
  if (alert !== undefined) {
    return new HandshakeError('alert', `${where} ended the handshake with the alert "${alert}"`, {
      cause: error,
      alert,
    });
  }
  if (
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' ||
    code === 'ERR_SSL_HTTP_REQUEST'
  ) {
    return new HandshakeError('not-tls', `what listens on ${where} does not speak TLS`, { cause: error });
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || error.message === 'EOF') {
    return new HandshakeError('hung-up', `${where} hung up during the handshake`, { cause: error });
  }
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : ioReason(error);
  return new HandshakeError('tls', `TLS handshake with ${where} failed: ${reason}`, { cause: error });
}
