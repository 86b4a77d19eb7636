import type { Certificate } from '../crypto/certificate.ts';
import type { Finding } from '../findings/finding.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { parseJwtSvid } from '../spiffe/jwt-svid.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import { getSpiffeId, parseX509SvidPem, verifyX509Svid } from '../spiffe/x509-svid.ts';
import { authorityIdOf } from './certificate-view.ts';
import { chainEvidence } from './chain-evidence.ts';
import type { ChainDocument, Document, TokenDocument } from './document.ts';
import { findingOfRefusal } from './refusal.ts';
import { ruleLabel } from './rules.ts';
import type { TrustedBundles } from './trusted-bundles.ts';

/** What an SVID is held against. */
export interface VerificationOptions {
  readonly bundles: TrustedBundles;
  /** Who is to be in the audience of a token; one of them suffices. */
  readonly audience: readonly string[];
  /** The SPIFFE ID that it has to be of; any by default. */
  readonly expected?: SpiffeId | undefined;
  readonly nowMs: number;
}

/** The verdict on one SVID. */
export interface SvidVerdict {
  readonly name: string;
  readonly kind: 'x509-svid' | 'jwt-svid' | 'unreadable';
  readonly isValid: boolean;
  /** Of a valid one. */
  readonly spiffeId: SpiffeId | undefined;
  /** The authority of the bundle that vouches for it: an authority ID or a key ID. */
  readonly authority: string | undefined;
  /** Why it is refused, with rules; what else is worth knowing of a valid one. */
  readonly findings: readonly Finding[];
}

/**
 * Verifies an SVID as those do who serve users: its chain or key against the bundle of the trust domain that it names, and
 * no other. A refusal is an answer, not an error.
 *
 * @throws SpirekitError `usage` for a token without an audience to check
 */
export async function verifySvid(
  document: Exclude<Document, { kind: 'bundle' }>,
  options: VerificationOptions,
): Promise<SvidVerdict> {
  switch (document.kind) {
    case 'chain':
      return verifyChainDocument(document, options);
    case 'token':
      return verifyToken(document, options);
    case 'unreadable':
      return refusal(document.name, 'unreadable', [findingOfRefusal(document.name, document.error, document.takenFor)]);
  }
}

/**
 * Checks an X509-SVID and its key as a workload does that loads them (X509-SVID section 4): form alone, no signature, no
 * time.
 */
export function verifyKeyPair(name: string, certificatesPem: Uint8Array, keyPem: Uint8Array): SvidVerdict {
  try {
    const { id } = parseX509SvidPem(certificatesPem, keyPem);
    return { name, kind: 'x509-svid', isValid: true, spiffeId: id, authority: undefined, findings: [] };
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return refusal(name, 'x509-svid', [findingOfRefusal(name, error, 'x509')]);
  }
}

function verifyChainDocument(document: ChainDocument, { bundles, expected, nowMs }: VerificationOptions): SvidVerdict {
  const { name, certificates, key } = document;
  try {
    const { id, chains } = verifyX509Svid(certificates, bundles, { nowMs });
    if (key === 'differs') throw new SpirekitError('invalid-x509-svid', 'leaf certificate does not match private key');
    const root = chains[0]?.at(-1);
    const isTainted = chains.every((chain) => isTaintedRoot(chain.at(-1), id, bundles));
    const findings = [
      ...(isTainted ? [tainted(name, root)] : []),
      ...(expected === undefined ? [] : checkId(name, id, expected)),
    ];
    return {
      name,
      kind: 'x509-svid',
      isValid: findings.every(({ severity }) => severity !== 'error'),
      spiffeId: id,
      authority: root && authorityIdOf(root),
      findings,
    };
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    const evidence = /unknown authority/.test(error.message) ? evidenceOf(certificates, bundles) : [];
    return refusal(name, 'x509-svid', [findingOfRefusal(name, error, 'x509', evidence)]);
  }
}

async function verifyToken({ name, token }: TokenDocument, options: VerificationOptions): Promise<SvidVerdict> {
  const { bundles, audience, expected, nowMs } = options;
  if (audience.length === 0) {
    throw new SpirekitError('usage', `${name} is a JWT-SVID: --audience has to say for whom it must be`);
  }
  try {
    const svid = await parseJwtSvid(token, audience, bundles, { nowMs });
    const findings = expected === undefined ? [] : checkId(name, svid.id, expected);
    return {
      name,
      kind: 'jwt-svid',
      isValid: findings.length === 0,
      spiffeId: svid.id,
      authority: keyIdOf(token),
      findings,
    };
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return refusal(name, 'jwt-svid', [findingOfRefusal(name, error, 'token')]);
  }
}

function isTaintedRoot(root: Certificate | undefined, { trustDomain }: SpiffeId, bundles: TrustedBundles): boolean {
  return root !== undefined && bundles.isTainted(trustDomain, root);
}

function tainted(name: string, root: Certificate | undefined): Finding {
  return {
    code: 'SPK-3034',
    severity: 'warning',
    subject: name,
    message: `the authority ${root === undefined ? '' : authorityIdOf(root)} that vouches for it is tainted and will be revoked`,
    remedy: 'Its agent replaces it by itself within seconds; fetch it anew.',
  };
}

function checkId(name: string, id: SpiffeId, expected: SpiffeId): Finding[] {
  if (id.equals(expected)) return [];
  return [
    {
      code: 'SPK-3013',
      severity: 'error',
      subject: name,
      message: `it is of ${id}, not of ${expected}`,
      rule: ruleLabel('ID-14'),
    },
  ];
}

function evidenceOf(certificates: readonly Certificate[], bundles: TrustedBundles): string[] {
  const [leaf] = certificates;
  if (leaf === undefined) return [];
  const { trustDomain } = getSpiffeId(leaf);
  return chainEvidence(certificates, bundles.findX509Bundle(trustDomain), trustDomain.name);
}

/** Of a token that was verified. */
function keyIdOf(token: string): string | undefined {
  const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString('utf8'));
  const kid: unknown = typeof header === 'object' && header !== null ? Reflect.get(header, 'kid') : undefined;
  return typeof kid === 'string' ? kid : undefined;
}

function refusal(name: string, kind: SvidVerdict['kind'], findings: readonly Finding[]): SvidVerdict {
  return { name, kind, isValid: false, spiffeId: undefined, authority: undefined, findings };
}
