import type { Certificate } from '../crypto/certificate.ts';
import type { Finding, SpkCode } from '../findings/finding.ts';
import { authorityIdOf } from '../inspect/certificate-view.ts';
import { wantedAuthority } from '../inspect/chain-evidence.ts';
import { lifeInWords } from '../inspect/lifetime.ts';
import { verifySvid } from '../inspect/svid-verification.ts';
import type { TrustedBundles } from '../inspect/trusted-bundles.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import { isMeant, meantInWords, namesAnybody, type PeerRule } from './peer-rule.ts';

/** What is to be thought of a peer by the certificates it presented. */
export interface PeerVerdict {
  /** Undefined unless its chain verifies. */
  readonly id: SpiffeId | undefined;
  /** The authority of the bundle of its trust domain that its chain leads to. */
  readonly authority: string | undefined;
  /** Verified, and one of those who are meant. */
  readonly isAccepted: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Judges a peer: its chain against the bundle of the trust domain that its leaf names and no other, then whether it is one
 * of those who are meant. A rule that names nobody lets anybody pass who verifies: for looking only.
 *
 * @param subject what findings call the peer
 */
export async function judgePeer(
  subject: string,
  certificates: readonly Certificate[],
  { bundles, rule, nowMs }: { readonly bundles: TrustedBundles; readonly rule: PeerRule; readonly nowMs: number },
): Promise<PeerVerdict> {
  const [leaf] = certificates;
  if (leaf === undefined) {
    const finding: Finding = {
      code: 'SPK-8010',
      severity: 'error',
      subject,
      message: 'the peer presents no certificate',
    };
    return { id: undefined, authority: undefined, isAccepted: false, findings: [finding] };
  }
  const document = { kind: 'chain', name: subject, certificates, key: 'absent', hint: '' } as const;
  const { isValid, spiffeId: id, authority, findings } = await verifySvid(document, { bundles, audience: [], nowMs });
  const ofPeer = findings.map((finding) => peerFinding(finding, leaf, certificates, { bundles, nowMs }));
  if (!isValid || id === undefined) return { id: undefined, authority: undefined, isAccepted: false, findings: ofPeer };
  if (!namesAnybody(rule) || isMeant(id, rule)) return { id, authority, isAccepted: true, findings: ofPeer };
  const other: Finding = {
    code: 'SPK-8015',
    severity: 'error',
    subject,
    message: `the peer is ${id}, and not ${meantInWords(rule)}`,
    remedy: 'If that is whom you meant, expect it; else see who listens at this address.',
  };
  return { id, authority, isAccepted: false, findings: [...ofPeer, other] };
}

/** A finding about an SVID as one about a peer. */
function peerFinding(
  finding: Finding,
  leaf: Certificate,
  chain: readonly Certificate[],
  { bundles, nowMs }: { readonly bundles: TrustedBundles; readonly nowMs: number },
): Finding {
  switch (finding.code) {
    case 'SPK-3005':
      return leaf.uris.length > 0 ? { ...finding, code: 'SPK-8016' } : ordinaryServer(finding, leaf);
    case 'SPK-3002':
    case 'SPK-3003':
      return { ...finding, code: 'SPK-8013', message: `the peer's SVID ${lifeInWords(leaf, nowMs)}` };
    case 'SPK-3010': {
      const trustDomains = bundles.trustDomains.join(', ');
      return {
        ...finding,
        code: 'SPK-8014',
        message: `there is no bundle of the peer's trust domain here: the peer is "${leaf.uris[0]}"`,
        evidence: [trustDomains === '' ? 'there is no bundle at all' : `bundles are there of ${trustDomains}`],
        remedy: 'Federate the own entry with that trust domain (`-federatesWith`), or give its bundle by --bundle.',
      };
    }
    case 'SPK-3011':
      return { ...finding, code: 'SPK-8012', message: unknownAuthority(chain, leaf, bundles), remedy: ROTATED };
    case 'SPK-3034':
      return { ...finding, code: 'SPK-8017' };
    default:
      return { ...finding, code: 'SPK-8016' satisfies SpkCode, message: `the peer's certificate: ${finding.message}` };
  }
}

const ROTATED =
  'If it has just rotated, wait for the bundle to arrive; `spirekit bundle diff` compares copies; else it is of another deployment of that name.';

function ordinaryServer(finding: Finding, leaf: Certificate): Finding {
  const names = leaf.dnsNames.slice(0, 5).join(', ');
  const subject = leaf.subject.rfc2253().slice(0, 200);
  return {
    ...finding,
    code: 'SPK-8011',
    message: 'the peer has no SPIFFE ID: it is an ordinary TLS server',
    evidence: [`subject "${subject}"`, ...(names === '' ? [] : [`DNS names ${names}`])],
    remedy: 'Ask it through whatever adds SPIFFE to it, such as a proxy, or as an ordinary server.',
  };
}

/** One sentence for what the evidence shows in two lines. */
function unknownAuthority(chain: readonly Certificate[], leaf: Certificate, bundles: TrustedBundles): string {
  const name = /^spiffe:\/\/([^/]+)/.exec(leaf.uris[0] ?? '')?.[1] ?? '';
  const wanted = wantedAuthority(chain);
  const known = wanted === '' ? 'an authority without an identifier' : `authority ${wanted}`;
  const authorities = bundles.find(name);
  const ours = authorities?.slice(0, 3).map(authorityIdOf).join(', ') ?? 'none';
  return `the peer's chain ends at ${known}, the bundle of ${name} here has ${ours}: a rotation that has not arrived?`;
}
