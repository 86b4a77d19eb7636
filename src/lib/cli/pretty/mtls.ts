import type { Caller } from '../../mtls/echo-server.ts';
import type { HttpsAnswer } from '../../mtls/https-call.ts';
import type { PingReport } from '../../mtls/ping.ts';
import { certificateJson } from '../inspect-json.ts';
import type { JsonValue } from '../protojson.ts';
import { escapeControls } from '../terminal-text.ts';
import { findingsJson, formatFindings } from './findings.ts';
import { chainTree } from './svid-inspection.ts';

const OUTCOMES: Readonly<Record<PingReport['outcome'], string>> = {
  good: 'both sides accept each other',
  unreachable: 'the peer cannot be reached',
  timeout: 'the peer does not answer in time',
  'no-tls': 'there is no TLS with the peer',
  'peer-refused': 'we do not accept the peer',
  'refused-by-peer': 'the peer does not accept us',
};

/** A call for people: who is who, how it went, and why not. */
export function formatPing({
  address,
  ownId,
  handshake,
  peerClaims,
  verdict,
  chain,
  findings,
  outcome,
}: PingReport): string {
  const lines = [`${address}: ${OUTCOMES[outcome]}`, `  we        ${ownId}`];
  if (handshake !== undefined) {
    const { id, authority } = verdict ?? {};
    lines.push(`  peer      ${id ?? (peerClaims === '' ? '(no SPIFFE ID)' : `${peerClaims} (not verified)`)}`);
    if (id !== undefined)
      lines.push(`  by        the bundle of ${id.trustDomain.name}, authority ${authority ?? 'unknown'}`);
    const alpn = handshake.alpn === undefined ? '' : `, ${handshake.alpn}`;
    lines.push(`  TLS       ${handshake.protocol}, ${handshake.cipher}${alpn}`);
    lines.push(`  time      connected in ${ms(handshake.connectMs)}, handshake in ${ms(handshake.handshakeMs)}`);
    lines.push(`  asks us   ${handshake.wantsClientCertificate ? 'for a certificate' : 'for nothing'}`);
    if (chain.length > 0) lines.push('  chain', ...chainTree(chain, chain.length));
  }
  return `${lines.map(escapeControls).join('\n')}\n${formatFindings(findings)}`;
}

/** `mtls-ping/v1`. */
export function pingJson({
  address,
  ownId,
  handshake,
  peerClaims,
  verdict,
  chain,
  findings,
  outcome,
}: PingReport): JsonValue {
  return {
    schema: 'mtls-ping/v1',
    address,
    outcome: outcome.replaceAll('-', '_'),
    own_spiffe_id: ownId,
    ...(verdict?.id === undefined ? {} : { peer_spiffe_id: verdict.id.toString() }),
    ...(verdict?.authority === undefined ? {} : { peer_authority: verdict.authority }),
    peer_claims: peerClaims,
    ...(handshake === undefined
      ? {}
      : {
          handshake: {
            protocol: handshake.protocol,
            cipher: handshake.cipher,
            ...(handshake.alpn === undefined ? {} : { alpn: handshake.alpn }),
            connected_to: handshake.address,
            connect_ms: rounded(handshake.connectMs),
            handshake_ms: rounded(handshake.handshakeMs),
            wants_client_certificate: handshake.wantsClientCertificate,
          },
        }),
    peer_certificates: chain.map(certificateJson),
    findings: findingsJson(findings),
  };
}

/** `mtls-caller/v1`: what a caller of `mtls serve` is answered. One that is refused gets the reasons alone. */
export function callerJson({ address, verdict, claims, chain, protocol, cipher }: Caller): JsonValue {
  return {
    schema: 'mtls-caller/v1',
    accepted: verdict.isAccepted,
    ...(verdict.id === undefined ? {} : { spiffe_id: verdict.id.toString() }),
    ...(verdict.authority === undefined ? {} : { authority: verdict.authority }),
    claims,
    address,
    protocol,
    cipher,
    certificates: chain.map(certificateJson),
    findings: findingsJson(verdict.findings),
  };
}

/** What `mtls serve` says of a caller. */
export function formatCaller({ address, verdict, claims, protocol }: Caller): string {
  const who = verdict.id ?? (claims === '' ? 'nobody (no SPIFFE ID)' : `${claims} (not verified)`);
  const line = `${verdict.isAccepted ? 'accepted' : 'refused '}  ${address}  ${who}  ${protocol}`;
  return `${escapeControls(line)}\n${formatFindings(verdict.findings)}`;
}

/** What `mtls serve` says of a request. */
export function formatRequest(
  { address, verdict }: Caller,
  request: { readonly method: string; readonly path: string },
): string {
  const words = `${request.method.slice(0, 20)} ${request.path.slice(0, 200)}`;
  return `${escapeControls(`${verdict.isAccepted ? '200' : '403'}       ${address}  ${words}`)}\n`;
}

/** The line that `mtls curl` writes on stderr above a body, and with `--include` the headers. */
export function formatAnswerHead({ status, statusText, peer, headers }: HttpsAnswer, withHeaders: boolean): string {
  const lines = [`${status} ${statusText} from ${peer}`];
  if (withHeaders) for (const [name, value] of headers.slice(0, 200)) lines.push(`${name}: ${value}`);
  return `${lines.map((line) => escapeControls(line.slice(0, 8192))).join('\n')}\n`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
