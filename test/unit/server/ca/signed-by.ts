import { expect } from 'vitest';
import type { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { Certificate as ParsedCertificate } from '../../../../src/lib/crypto/certificate.ts';
import { generateKey } from '../../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';
import type { SigningCa } from '../../../../src/lib/server/ca/signing-ca.ts';
import type { AuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { verifyX509Svid } from '../../../../src/lib/spiffe/x509-svid.ts';
import { trustDomain, type World } from './authority-world.ts';

const web = SpiffeId.parse('spiffe://example.org/web');
const { publicKey } = signerFromKey(await generateKey('ec-p256'));

/** What a server signed at one moment, of both kinds. */
export interface Signed {
  readonly chain: readonly Certificate[];
  readonly keyId: string;
  /** Claim `exp`, in milliseconds since the Unix epoch. */
  readonly tokenEndsMs: number;
}

/** Has the server sign an X509-SVID and a JWT-SVID. */
export async function signBoth(ca: SigningCa): Promise<Signed> {
  const chain = await ca.signWorkloadX509Svid({ spiffeId: web, publicKey });
  const { token, expiresAtSeconds } = await ca.signWorkloadJwtSvid({ spiffeId: web, audience: ['a'] });
  const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
  return { chain, keyId: header.kid, tokenEndsMs: expiresAtSeconds * 1000 };
}

/** The bundle in the datastore. */
export async function bundleOf({ datastore }: World): Promise<AuthorityBundle> {
  const bundle = await datastore.bundles.findBundle(trustDomain);
  if (bundle === undefined) throw new Error('no bundle');
  return bundle;
}

/** What holds at all times: who has the bundle can verify what was signed, at this time if it has not ended. */
export function expectVerifiable({ chain, keyId, tokenEndsMs }: Signed, bundle: AuthorityBundle, nowMs: number): void {
  const roots = bundle.x509Authorities.map(({ certificate }) => ParsedCertificate.parse(certificate));
  const [leaf] = chain;
  if (leaf === undefined) throw new Error('no certificate');
  const atMs = Math.min(nowMs, leaf.notAfterMs);
  const { chains } = verifyX509Svid(chain, { getX509Bundle: () => roots }, { nowMs: atMs });
  for (const issuer of chains.flatMap((verified) => verified.slice(1))) {
    expect(leaf.notAfterMs).toBeLessThanOrEqual(issuer.notAfterMs);
  }
  const key = bundle.jwtAuthorities.find((authority) => authority.keyId === keyId);
  expect(key).toBeDefined();
  expect(tokenEndsMs).toBeLessThanOrEqual((key?.expiresAtSeconds ?? 0) * 1000);
}
