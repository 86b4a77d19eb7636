import { SpirekitError } from '../../../runtime/errors.ts';
import type { AuthorityBundle, KeyAuthority, X509Authority } from '../../../spiffe/authority-bundle.ts';
import { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { isRecord, readJson, readRow } from './json-column.ts';

/** The content column of a bundle: bytes in base64, 64-bit numbers as text. */
export function formatBundleContent(bundle: AuthorityBundle): string {
  return JSON.stringify({
    x509: bundle.x509Authorities.map(({ certificate, tainted }) => ({ certificate: toBase64(certificate), tainted })),
    jwt: bundle.jwtAuthorities.map(formatKey),
    wit: bundle.witAuthorities.map(formatKey),
    refreshHintSeconds: bundle.refreshHintSeconds,
    sequenceNumber: bundle.sequenceNumber.toString(),
  });
}

/** The bundle in a row. Error: `data-loss` for content that this program cannot have written. */
export function parseBundleContent(trustDomain: string, content: string): AuthorityBundle {
  const value = asRecord(readJson(content));
  return {
    trustDomain: readRow(() => TrustDomain.parse(trustDomain)),
    x509Authorities: asList(value['x509']).map(parseX509),
    jwtAuthorities: asList(value['jwt']).map(parseKey),
    witAuthorities: asList(value['wit']).map(parseKey),
    refreshHintSeconds: asNumber(value['refreshHintSeconds']),
    sequenceNumber: asBigInt(value['sequenceNumber']),
  };
}

function formatKey(key: KeyAuthority): Record<string, unknown> {
  return { ...key, publicKey: toBase64(key.publicKey) };
}

function parseX509(value: unknown): X509Authority {
  const { certificate, tainted } = asRecord(value);
  return { certificate: asBytes(certificate), tainted: tainted === true };
}

function parseKey(value: unknown): KeyAuthority {
  const { keyId, publicKey, expiresAtSeconds, tainted } = asRecord(value);
  return {
    keyId: asText(keyId),
    publicKey: asBytes(publicKey),
    expiresAtSeconds: asNumber(expiresAtSeconds),
    tainted: tainted === true,
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function asBytes(value: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(asText(value), 'base64'));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : damaged();
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : damaged();
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : damaged();
}

function asNumber(value: unknown): number {
  return typeof value === 'number' ? value : damaged();
}

function asBigInt(value: unknown): bigint {
  const text = asText(value);
  return /^[0-9]+$/.test(text) ? BigInt(text) : damaged();
}

function damaged(): never {
  throw new SpirekitError('data-loss', 'datastore holds a damaged bundle');
}
