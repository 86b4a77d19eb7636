import { Certificate } from '../crypto/certificate.ts';
import { leadsTo } from '../crypto/chain.ts';
import type { Finding, SpkCode } from '../findings/finding.ts';
import { type CertificateView, viewCertificate } from '../inspect/certificate-view.ts';
import { wantedAuthority } from '../inspect/chain-evidence.ts';
import { lifeInWords } from '../inspect/lifetime.ts';
import { type Handshake, HandshakeError, type HandshakeFailureKind, shakeHands } from '../inspect/tls-handshake.ts';
import { tlsMaterial } from '../rpc/tls-material.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { X509Svid } from '../spiffe/x509-svid.ts';
import { findRefusal } from './after-handshake.ts';
import { alertWords } from './alerts.ts';
import type { MtlsIdentity } from './identity.ts';
import { namesAnybody, type PeerRule } from './peer-rule.ts';
import { judgePeer, type PeerVerdict } from './peer-verdict.ts';

/** Whom to call, as whom, and who is meant. */
export interface PingOptions {
  readonly host: string;
  readonly port: number;
  readonly identity: MtlsIdentity;
  readonly rule: PeerRule;
  readonly alpn?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** What came of a call. */
export interface PingReport {
  readonly address: string;
  readonly ownId: string;
  /** Undefined where there was no handshake. */
  readonly handshake: Omit<Handshake, 'socket' | 'chainDer'> | undefined;
  /** The first URI of the peer's leaf, verified or not; empty without one. */
  readonly peerClaims: string;
  readonly verdict: PeerVerdict | undefined;
  readonly chain: readonly CertificateView[];
  readonly findings: readonly Finding[];
  /** `good`: both sides accept each other. The others say in which step it ended. */
  readonly outcome: 'good' | 'unreachable' | 'timeout' | 'no-tls' | 'peer-refused' | 'refused-by-peer';
}

/**
 * Shakes hands with a peer, says who is who, and why one does not accept the other. What fails is in the report.
 *
 * @throws the signal's reason
 */
export async function ping(options: PingOptions): Promise<PingReport> {
  const { host, port, identity, clock } = options;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const { svid } = identity;
  const nowMs = clock.nowMs();
  const base = { address, ownId: svid.id.toString(), peerClaims: '', verdict: undefined, chain: [] };
  const own = ownFindings(identity, nowMs);
  let shaken: Handshake;
  try {
    const material = tlsMaterial(
      svid.certificates.map(({ der }) => der),
      svid.privateKey,
    );
    shaken = await shakeHands({ ...options, identity: material });
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    const findings = [failureFinding(address, error, svid), ...own];
    return { ...base, handshake: undefined, findings, outcome: outcomeOf(error) };
  }
  const { socket, chainDer, ...handshake } = shaken;
  try {
    const refusal = await findRefusal(socket, address, options);
    const certificates = certificatesOf(chainDer);
    const verdict = await judgePeer(address, certificates ?? [], {
      bundles: identity.bundles,
      rule: options.rule,
      nowMs,
    });
    const findings = [
      ...(certificates === undefined ? [unreadable(address)] : verdict.findings),
      ...(refusal === undefined ? [] : [failureFinding(address, refusal, svid)]),
      ...(handshake.wantsClientCertificate ? [] : [wantsNone(address)]),
      ...(namesAnybody(options.rule) ? [] : [expectsAnybody(address)]),
      ...own,
    ];
    return {
      ...base,
      handshake,
      peerClaims: certificates?.[0]?.uris[0]?.slice(0, 2048) ?? '',
      verdict,
      chain: (certificates ?? []).map(viewCertificate),
      findings,
      outcome: !verdict.isAccepted ? 'peer-refused' : refusal === undefined ? 'good' : 'refused-by-peer',
    };
  } finally {
    socket.destroy();
  }
}

function certificatesOf(chainDer: readonly Uint8Array[]): Certificate[] | undefined {
  try {
    return chainDer.map((der) => Certificate.parse(der));
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return undefined;
  }
}

const FAILURE_CODES: Readonly<Record<HandshakeFailureKind, SpkCode>> = {
  'no-such-host': 'SPK-8001',
  refused: 'SPK-8002',
  unreachable: 'SPK-8003',
  timeout: 'SPK-8004',
  'not-tls': 'SPK-8005',
  'hung-up': 'SPK-8006',
  alert: 'SPK-8007',
  tls: 'SPK-8008',
};

/** Why there is no handshake, or why the peer ended it, with what it means for both sides. */
export function failureFinding(subject: string, error: HandshakeError, svid: X509Svid): Finding {
  const code = FAILURE_CODES[error.kind];
  const { message } = error;
  switch (error.kind) {
    case 'alert': {
      const { meaning, remedy, isAboutOurs } = alertWords(error.alert ?? '');
      const words = `the peer ended it with the alert "${error.alert}": ${meaning}`;
      return {
        code,
        severity: 'error',
        subject,
        message: words,
        remedy,
        ...(isAboutOurs ? { evidence: shown(svid) } : {}),
      };
    }
    case 'hung-up':
      return {
        code,
        severity: 'error',
        subject,
        message,
        evidence: shown(svid),
        remedy:
          'Some peers refuse a certificate by hanging up: look at their log. Something in between may also have closed it.',
      };
    case 'not-tls':
      return {
        code,
        severity: 'error',
        subject,
        message,
        remedy: 'See what listens there; the port for TLS may be another.',
      };
    case 'refused':
      return {
        code,
        severity: 'error',
        subject,
        message,
        remedy: 'Nothing listens there: start the peer, or call its port.',
      };
    case 'no-such-host':
    case 'unreachable':
    case 'timeout':
    case 'tls':
      return { code, severity: 'error', subject, message };
  }
}

/** What we showed, for a comparison with what the peer has. */
function shown(svid: X509Svid): string[] {
  const authority = wantedAuthority(svid.certificates);
  return [`we are ${svid.id}, by the authority ${authority === '' ? 'without an identifier' : authority}`];
}

function outcomeOf({ kind }: HandshakeError): PingReport['outcome'] {
  switch (kind) {
    case 'no-such-host':
    case 'refused':
    case 'unreachable':
      return 'unreachable';
    case 'timeout':
      return 'timeout';
    case 'not-tls':
    case 'tls':
      return 'no-tls';
    case 'hung-up':
    case 'alert':
      return 'refused-by-peer';
  }
}

/** What is wrong with our own side, whatever the peer says. */
export function ownFindings({ svid, bundles }: MtlsIdentity, nowMs: number): Finding[] {
  const [leaf] = svid.certificates;
  const subject = svid.id.toString();
  if (leaf !== undefined && (nowMs > leaf.notAfterMs || nowMs < leaf.notBeforeMs)) {
    const message = `our own SVID ${lifeInWords(leaf, nowMs)}`;
    return [
      { code: 'SPK-8022', severity: 'error', subject, message, remedy: 'Fetch a new one: `spirekit api fetch x509`.' },
    ];
  }
  const authorities = bundles.findX509Bundle(svid.id.trustDomain);
  if (authorities === undefined || leadsTo(svid.certificates, authorities, nowMs)) return [];
  const message = 'our own SVID does not lead to an authority of our own bundle: peers with the same bundle refuse it';
  return [
    { code: 'SPK-8023', severity: 'warning', subject, message, remedy: 'Take SVID and bundle anew, from one agent.' },
  ];
}

function wantsNone(subject: string): Finding {
  return {
    code: 'SPK-8020',
    severity: 'warning',
    subject,
    message: 'the peer asks for no client certificate: it does not know who calls it',
    remedy: 'Have it demand one, if it is to authorize by SPIFFE ID.',
  };
}

function expectsAnybody(subject: string): Finding {
  return {
    code: 'SPK-8024',
    severity: 'info',
    subject,
    message: 'nobody was expected: any peer would have done that the bundles verify',
    remedy: 'Say whom you mean by --expect or --expect-trust-domain.',
  };
}

function unreadable(subject: string): Finding {
  return { code: 'SPK-8016', severity: 'error', subject, message: "the peer's certificate cannot be read" };
}
