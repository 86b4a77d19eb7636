import type { BundleClient } from '../client/bundle-client.ts';
import type { SvidClient } from '../client/svid-client.ts';
import { createCsr } from '../crypto/csr.ts';
import { generateKey, privateKeyToPkcs8 } from '../crypto/key.ts';
import { signerFromKey } from '../crypto/signer.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { formatGoDuration } from '../runtime/go-duration.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { MintJWTSVIDResponse } from '../wire/gen/spire/api/server/svid/v1/svid.ts';
import { awaitWithin, within } from './error-context.ts';

/** An X509-SVID that the server minted for a key made here. Everything is DER. */
export interface MintedX509Svid {
  /** Leaf first, without the root. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8. */
  readonly privateKey: Uint8Array;
  readonly roots: readonly Uint8Array[];
  /** Seconds since the Unix epoch. */
  readonly expiresAtSeconds: bigint;
}

/**
 * Makes a P-256 key and asks the server for an SVID with it; the key never leaves this process.
 *
 * @throws RpcError, SpirekitError `internal` (an answer without SVID or roots), with the words of SPIRE's CLI
 */
export async function mintX509Svid(
  clients: { readonly svid: Pick<SvidClient, 'mintX509SVID'>; readonly bundle: Pick<BundleClient, 'getBundle'> },
  wish: { readonly id: SpiffeId; readonly dnsNames: readonly string[]; readonly ttlNanoseconds: bigint },
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<MintedX509Svid> {
  const ttl = ttlSeconds(wish.ttlNanoseconds);
  const key = await awaitWithin('unable to generate key', generateKey('ec-p256'));
  const csr = await awaitWithin(
    'unable to generate CSR',
    createCsr({ uris: [wish.id.toString()], dnsNames: wish.dnsNames, signer: signerFromKey(key) }),
  );
  const { svid } = await awaitWithin('unable to mint SVID', clients.svid.mintX509SVID({ csr, ttl }, options));
  if (svid === undefined || svid.certChain.length === 0) throw missing('SVID chain');
  const bundle = await awaitWithin(
    'unable to get bundle',
    clients.bundle.getBundle({ outputMask: undefined }, options),
  );
  if (bundle.x509Authorities.length === 0) throw missing('X509 Authorities');
  return {
    chain: svid.certChain,
    privateKey: privateKeyToPkcs8(key),
    roots: bundle.x509Authorities.map(({ asn1 }) => asn1),
    expiresAtSeconds: svid.expiresAt,
  };
}

/**
 * Asks the server for a JWT-SVID.
 *
 * @throws RpcError, SpirekitError `internal` (an answer without token), with the words of SPIRE's CLI
 */
export async function mintJwtSvid(
  client: Pick<SvidClient, 'mintJWTSVID'>,
  wish: { readonly id: SpiffeId; readonly audience: readonly string[]; readonly ttlNanoseconds: bigint },
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly response: MintJWTSVIDResponse; readonly token: string }> {
  const request = {
    id: { trustDomain: wish.id.trustDomain.name, path: wish.id.path },
    audience: [...wish.audience],
    ttl: ttlSeconds(wish.ttlNanoseconds),
  };
  const response = await awaitWithin('unable to mint SVID', client.mintJWTSVID(request, options));
  const token = response.svid?.token ?? '';
  if (token === '') throw missing('token');
  return { response, token };
}

/** Whether less is left of an SVID's life than was asked for; the time that the call took already counts, as in SPIRE. */
export function isCapped(expiresAtSeconds: bigint, nowMs: number, ttlNanoseconds: bigint): boolean {
  return (expiresAtSeconds * 1000n - BigInt(Math.trunc(nowMs))) * NANOSECONDS_PER_MS < ttlNanoseconds;
}

const NANOSECONDS_PER_MS = 1_000_000n;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** Rounded up to whole seconds. */
function ttlSeconds(nanoseconds: bigint): number {
  return within('invalid value for TTL', () => {
    const seconds = (nanoseconds + NANOSECONDS_PER_SECOND - 1n) / NANOSECONDS_PER_SECOND;
    if (BigInt.asIntN(32, seconds) === seconds) return Number(seconds);
    // SPIRE's message prints the number of seconds as if it were one of nanoseconds.
    const value = `time.Duration(${formatGoDuration(seconds)})`;
    throw new SpirekitError('invalid-argument', `overflow converting ${value} to int32`);
  });
}

function missing(what: string): SpirekitError {
  return new SpirekitError('internal', `server response missing ${what}`);
}
