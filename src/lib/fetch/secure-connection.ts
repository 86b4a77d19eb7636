import { lookup } from 'node:dns/promises';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { type SecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { peerChainDer } from '../rpc/tls-material.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { ioReason } from '../runtime/io-reason.ts';
import { socketEvent } from '../runtime/socket-event.ts';
import { FetchError } from './fetch-error.ts';
import { hostOf } from './fetch-url.ts';

/** Says of an IP address whether it may be connected to. */
export type AddressRule = (address: string) => boolean;

/** Whom to connect to, and how it is recognised. */
export interface SecureConnectionOptions {
  readonly url: URL;
  readonly isAllowed: AddressRule;
  readonly secureContext: SecureContext;
  /** Decides by the server's chain (DER, leaf first) and throws to refuse; without it the public web's rules hold. */
  readonly verifyServer?: ((chainDer: readonly Uint8Array[]) => void) | undefined;
  readonly signal: AbortSignal;
}

/**
 * Connects to the host of a URL and runs the TLS handshake. Resolves only when the server is who it should be, so that
 * nothing but the handshake was sent before. What the name stands for is looked up once, and what was found is what is
 * connected to. Errors: those of {@link FetchError}, and the signal's reason.
 */
export async function openSecureConnection(options: SecureConnectionOptions): Promise<TLSSocket> {
  const addresses = await allowedAddresses(options);
  const socket = await connectTo(options, addresses);
  return await startTls(socket, options);
}

interface FoundAddress {
  readonly address: string;
  readonly family: number;
}

async function allowedAddresses({ url, isAllowed, signal }: SecureConnectionOptions): Promise<FoundAddress[]> {
  const host = hostOf(url);
  const found = await findAddresses(host, signal);
  const allowed = found.filter(({ address }) => isAllowed(address));
  const [first] = found;
  if (allowed.length > 0 || first === undefined) return allowed;
  const what = first.address === host ? host : `${host} is ${first.address}, which`;
  throw new FetchError('permission-denied', `${what} must not be fetched from`);
}

async function findAddresses(host: string, signal: AbortSignal): Promise<FoundAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return await orAborted(lookup(host, { all: true }), signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new FetchError('unavailable', `lookup ${host}: no such host`, { cause });
  }
}

function connectTo({ url, signal }: SecureConnectionOptions, addresses: readonly FoundAddress[]): Promise<Socket> {
  // The checked addresses, whatever the name stands for by now.
  const lookedUp: LookupFunction = (_host, _options, done) => done(null, [...addresses]);
  const port = url.port === '' ? 443 : Number(url.port);
  const socket = connect({ host: hostOf(url), port, lookup: lookedUp, autoSelectFamily: true, noDelay: true });
  return socketEvent(socket, 'connect', signal, (error) => {
    return new FetchError('unavailable', `dial tcp ${url.hostname}:${port}: ${ioReason(firstOf(error))}`, {
      cause: error,
    });
  });
}

async function startTls(socket: Socket, options: SecureConnectionOptions): Promise<TLSSocket> {
  const { url, secureContext, verifyServer, signal } = options;
  const host = hostOf(url);
  const secure = tlsConnect({
    socket,
    secureContext,
    ALPNProtocols: ['http/1.1'],
    // SNI takes names only (RFC 6066 section 3); without one Node compares the certificate with the host.
    ...(isIP(host) === 0 ? { servername: host } : { host }),
    // Not to let anybody in, but to tell why not: what the handshake found is looked at right below.
    rejectUnauthorized: false,
  });
  await socketEvent(secure, 'secureConnect', signal, (error) => {
    return new FetchError('unavailable', `TLS handshake with ${url.host} failed: ${ioReason(error)}`, { cause: error });
  });
  try {
    if (verifyServer !== undefined) verifyServer(peerChainDer(secure));
    else if (!secure.authorized) throw notAuthorized(secure);
    return secure;
  } catch (cause) {
    secure.destroy();
    const reason = SpirekitError.from(cause).message;
    throw new FetchError('unauthenticated', `${url.host} did not prove who it is: ${reason}`, { cause });
  }
}

/** Says what Node found, and names the SPIFFE ID of a server that has one: then another profile is meant. */
function notAuthorized(socket: TLSSocket): FetchError {
  const found: unknown = socket.authorizationError;
  const code = found instanceof Error ? found.message : String(found);
  const reason = REASONS.get(code) ?? code;
  const uri = /(?:^|, )URI:(spiffe:\/\/[^",]{1,2048})(?:,|$)/.exec(
    socket.getPeerCertificate().subjectaltname ?? '',
  )?.[1];
  const hint = uri === undefined ? '' : `; its certificate names SPIFFE ID ${goQuote(uri)}`;
  return new FetchError('unauthenticated', reason + hint);
}

/** OpenSSL's codes that come often. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is signed by itself'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is signed by an unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its certificate is signed by an unknown authority'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate is signed by an unknown authority'],
]);

/** With several addresses Node puts the errors of all of them into one. */
function firstOf(error: Error): unknown {
  return error instanceof AggregateError ? error.errors[0] : error;
}

/** A lookup of the system cannot be ended, but nobody needs to wait for it. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
