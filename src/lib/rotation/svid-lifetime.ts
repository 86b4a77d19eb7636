import { svidClient } from '../client/svid-client.ts';
import { Certificate } from '../crypto/certificate.ts';
import { createCsr } from '../crypto/csr.ts';
import { generateKey } from '../crypto/key.ts';
import { signerFromKey } from '../crypto/signer.ts';
import type { RpcClient } from '../rpc/client.ts';
import type { AuthorityKind } from './authority-look.ts';

/** The path of the SPIFFE ID that {@link measureDefaultTtl} asks for; nothing else bears it. */
const PATH = '/spirekit/authority-rotate/lifetime';

/** An SVID that ends so close to its authority was probably cut short. */
const CUT_SECONDS = 5;

/**
 * How long the SVIDs of entries live that say nothing of it, in seconds. No call of a server tells that, so an SVID of
 * the default lifetime is minted and thrown away, with a key that never leaves this process. Undefined if its authority
 * cut it short.
 *
 * @throws RpcError
 */
export async function measureDefaultTtl(
  rpc: RpcClient,
  kind: AuthorityKind,
  options: {
    readonly trustDomain: string;
    readonly authorityExpiresAtMs: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<number | undefined> {
  const { fromSeconds, toSeconds } = await (kind === 'x509' ? mintX509(rpc, options) : mintJwt(rpc, options));
  const isCut = toSeconds > options.authorityExpiresAtMs / 1000 - CUT_SECONDS;
  return isCut ? undefined : toSeconds - fromSeconds;
}

interface Life {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

interface MintOptions {
  readonly trustDomain: string;
  readonly signal?: AbortSignal | undefined;
}

async function mintX509(rpc: RpcClient, { trustDomain, signal }: MintOptions): Promise<Life> {
  const signer = signerFromKey(await generateKey('ec-p256'));
  const csr = await createCsr({ uris: [`spiffe://${trustDomain}${PATH}`], signer });
  const { svid } = await svidClient(rpc).mintX509SVID({ csr, ttl: 0 }, { signal });
  const { notBeforeMs, notAfterMs } = Certificate.parse(svid?.certChain[0] ?? new Uint8Array());
  return { fromSeconds: notBeforeMs / 1000, toSeconds: notAfterMs / 1000 };
}

async function mintJwt(rpc: RpcClient, { trustDomain, signal }: MintOptions): Promise<Life> {
  const request = { id: { trustDomain, path: PATH }, audience: ['spirekit'], ttl: 0 };
  const { svid } = await svidClient(rpc).mintJWTSVID(request, { signal });
  return { fromSeconds: Number(svid?.issuedAt ?? 0n), toSeconds: Number(svid?.expiresAt ?? 0n) };
}
