import { Certificate } from '../../../crypto/certificate.ts';
import { issueCertificate } from '../../../crypto/certificate-builder.ts';
import { publicKeyDer, subjectKeyId } from '../../../crypto/key.ts';
import type { Signer } from '../../../crypto/signer.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { verifyX509Svid } from '../../../spiffe/x509-svid.ts';
import type { MintedX509Ca } from '../../plugin/upstreamauthority/upstream-authority.ts';
import { X509_SVID_SUBJECT } from '../credential-settings.ts';
import { X509_SVID_PROFILE } from '../csr-task.ts';

/** A public key on P-256 whose private half nobody has. */
const NOBODYS_KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDxMylz0csk2OMGN/l6N+ZJBqM8XQJY9BQbh3pPIavL8EPmVZk0im+k2LkQyH9uvbk29f163JJuVGrHt3rVFrZA==';

/**
 * Makes sure that whatever a CA from upstream signs will be believed: it signs one X509-SVID, which must be good with the
 * roots that came with it.
 *
 * Error: `invalid-argument`.
 */
export async function checkMintedCa(
  { chain, roots }: Pick<MintedX509Ca, 'chain' | 'roots'>,
  deps: { readonly signer: Signer; readonly trustDomain: TrustDomain; readonly clock: Pick<Clock, 'nowMs'> },
): Promise<void> {
  try {
    await check(
      chain,
      roots.map(({ certificate }) => Certificate.parse(certificate)),
      deps,
    );
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new SpirekitError('invalid-argument', `X509 CA minted by upstream authority is invalid: ${reason}`, {
      cause,
    });
  }
}

async function check(
  chain: MintedX509Ca['chain'],
  roots: readonly Certificate[],
  {
    signer,
    trustDomain,
    clock,
  }: { readonly signer: Signer; readonly trustDomain: TrustDomain; readonly clock: Pick<Clock, 'nowMs'> },
): Promise<void> {
  const [ca] = chain;
  if (Buffer.compare(ca.publicKeyDer, publicKeyDer(signer.publicKey)) !== 0) throw invalid('it is for another key');
  const uris = ca.uris.filter((uri) => uri !== trustDomain.id().toString());
  if (uris.length > 0) throw invalid(`it names ${JSON.stringify(uris[0])}`);
  const nobody = Buffer.from(NOBODYS_KEY, 'base64');
  const svid = await issueCertificate({
    ...X509_SVID_PROFILE,
    subject: X509_SVID_SUBJECT,
    issuer: ca.subject,
    uris: [`${trustDomain.id()}/spire/throwaway`],
    notBefore: ca.notBefore,
    notAfter: ca.notAfter,
    publicKey: nobody,
    subjectKeyId: subjectKeyId(nobody),
    authorityKeyId: ca.subjectKeyId,
    signer,
  });
  try {
    verifyX509Svid([svid, ...chain], { getX509Bundle: () => roots }, { nowMs: clock.nowMs() });
  } catch (error) {
    throw invalid(`X509 CA produced an invalid X509-SVID chain: ${SpirekitError.from(error).message}`);
  }
}

function invalid(message: string): SpirekitError {
  return new SpirekitError('invalid-argument', message);
}
