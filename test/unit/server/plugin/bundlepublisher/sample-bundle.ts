import { generateKey, publicKeyDer } from '../../../../../src/lib/crypto/key.ts';
import { type AuthorityBundle, emptyAuthorityBundle } from '../../../../../src/lib/spiffe/authority-bundle.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { issueCa } from '../../../crypto/test-ca.ts';

/** A bundle with two new roots, one of them tainted, and a new key. */
export async function sampleBundle(sequenceNumber: bigint): Promise<AuthorityBundle> {
  const roots = [await issueCa(), await issueCa()];
  return {
    ...emptyAuthorityBundle(TrustDomain.parse('example.org')),
    x509Authorities: roots.map(({ certificate }, index) => ({
      certificate: new Uint8Array(certificate.der),
      tainted: index === 1,
    })),
    jwtAuthorities: [
      {
        keyId: `key-${sequenceNumber}`,
        publicKey: publicKeyDer(await generateKey('ec-p256')),
        expiresAtSeconds: 0,
        tainted: false,
      },
    ],
    refreshHintSeconds: 300,
    sequenceNumber,
  };
}
