import type { BundleDifference } from '../inspect/bundle-diff.ts';
import type { BundleInspection, KeyAuthorityView } from '../inspect/bundle-inspection.ts';
import type { CertificateView } from '../inspect/certificate-view.ts';
import { type Lifetime, lifePosition, utc } from '../inspect/lifetime.ts';
import type { SvidInspection } from '../inspect/svid-inspection.ts';
import type { SvidVerdict } from '../inspect/svid-verification.ts';
import type { TokenView } from '../inspect/token-examination.ts';
import { findingsJson } from './pretty/findings.ts';
import type { JsonValue } from './protojson.ts';

/** `svid-inspection/v1`. */
export function svidInspectionJson(inspections: readonly SvidInspection[], nowMs: number): JsonValue {
  return {
    schema: 'svid-inspection/v1',
    at: utc(nowMs),
    svids: inspections.map((inspection) => ({
      name: inspection.name,
      kind: inspection.kind,
      spiffe_id: inspection.spiffeId,
      hint: inspection.hint,
      ...(inspection.lifetime === undefined ? {} : { lifetime: lifetimeJson(inspection.lifetime, nowMs) }),
      private_key: inspection.key,
      certificate_count: inspection.certificateCount,
      certificates: inspection.certificates.map(certificateJson),
      ...(inspection.token === undefined ? {} : { token: tokenJson(inspection.token) }),
      findings: findingsJson(inspection.findings),
    })),
  };
}

/** `svid-verification/v1`. */
export function svidVerificationJson(verdicts: readonly SvidVerdict[], nowMs: number): JsonValue {
  return {
    schema: 'svid-verification/v1',
    at: utc(nowMs),
    verdict: verdicts.every(({ isValid }) => isValid) ? 'valid' : 'invalid',
    svids: verdicts.map(({ name, kind, isValid, spiffeId, authority, findings }) => ({
      name,
      kind,
      verdict: isValid ? 'valid' : 'invalid',
      ...(spiffeId === undefined ? {} : { spiffe_id: spiffeId.toString() }),
      ...(authority === undefined ? {} : { authority }),
      findings: findingsJson(findings),
    })),
  };
}

/** `bundle-inspection/v1`. */
export function bundleInspectionJson(inspections: readonly BundleInspection[], nowMs: number): JsonValue {
  return {
    schema: 'bundle-inspection/v1',
    at: utc(nowMs),
    bundles: inspections.map((bundle) => ({
      name: bundle.name,
      form: bundle.form,
      ...(bundle.trustDomain === undefined ? {} : { trust_domain: bundle.trustDomain }),
      ...(bundle.sequenceNumber === undefined ? {} : { sequence_number: String(bundle.sequenceNumber) }),
      ...(bundle.refreshHint === undefined ? {} : { refresh_hint_seconds: String(bundle.refreshHint) }),
      x509_authorities: bundle.x509Authorities.map(({ authorityId, certificate, isTainted }) => ({
        authority_id: authorityId,
        tainted: isTainted,
        lifetime: lifetimeJson(certificate, nowMs),
        certificate: certificateJson(certificate),
      })),
      jwt_authorities: bundle.jwtAuthorities.map(keyJson),
      wit_authorities: bundle.witAuthorities.map(keyJson),
      findings: findingsJson(bundle.findings),
    })),
  };
}

/** `bundle-diff/v1`. */
export function bundleDiffJson(
  sources: readonly [first: string, second: string],
  differences: readonly BundleDifference[],
  nowMs: number,
): JsonValue {
  return {
    schema: 'bundle-diff/v1',
    at: utc(nowMs),
    first: sources[0],
    second: sources[1],
    same: differences.length === 0,
    trust_domains: differences.map(({ trustDomain, onlyIn, changes, sequence, refreshHint, findings }) => ({
      trust_domain: trustDomain,
      ...(onlyIn === undefined ? {} : { only_in: onlyIn }),
      changes: changes.map(({ change, kind, id }) => ({ change, kind, id })),
      sequence_numbers: sequence.map(numberJson),
      refresh_hints_seconds: refreshHint.map(numberJson),
      findings: findingsJson(findings),
    })),
  };
}

/** A life with where it stands. */
export function lifetimeJson(lifetime: Lifetime, nowMs: number): JsonValue {
  const { state, leftMs, usedShare } = lifePosition(lifetime, nowMs);
  return {
    not_before: utc(lifetime.notBeforeMs),
    not_after: utc(lifetime.notAfterMs),
    state: state.replaceAll('-', '_'),
    seconds_left: Math.trunc(leftMs / 1000),
    ...(usedShare === undefined ? {} : { used_percent: Math.round(usedShare * 1000) / 10 }),
  };
}

/** A certificate as our own commands show it. */
export function certificateJson(certificate: CertificateView): JsonValue {
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial_number: certificate.serialNumber,
    uris: [...certificate.uris],
    dns_names: [...certificate.dnsNames],
    ip_addresses: [...certificate.ipAddresses],
    name_count: certificate.nameCount,
    key_type: certificate.keyType,
    is_ca: certificate.isCa,
    ...(certificate.pathLength === undefined ? {} : { path_length: certificate.pathLength }),
    key_usages: [...certificate.keyUsages],
    extended_key_usages: [...certificate.extendedKeyUsages],
    not_before: utc(certificate.notBeforeMs),
    not_after: utc(certificate.notAfterMs),
    subject_key_id: certificate.subjectKeyId,
    authority_key_id: certificate.authorityKeyId,
    sha256: certificate.sha256,
  };
}

function tokenJson(token: TokenView): JsonValue {
  return {
    algorithm: token.algorithm,
    key_id: token.keyId,
    type: token.type,
    subject: token.subject,
    issuer: token.issuer,
    audience: [...token.audience],
    ...(token.issuedAtMs === undefined ? {} : { issued_at: utc(token.issuedAtMs) }),
    ...(token.notBeforeMs === undefined ? {} : { not_before: utc(token.notBeforeMs) }),
    ...(token.expiresAtMs === undefined ? {} : { expires_at: utc(token.expiresAtMs) }),
    other_headers: [...token.otherHeaders],
    other_claims: [...token.otherClaims],
  };
}

function keyJson({ keyId, keyType, expiresAtMs, isTainted }: KeyAuthorityView): JsonValue {
  return {
    key_id: keyId,
    key_type: keyType,
    ...(expiresAtMs === undefined ? {} : { expires_at: utc(expiresAtMs) }),
    tainted: isTainted,
  };
}

/** 64-bit numbers are texts in JSON, as in SPIRE's; null stands for one that is not said. */
function numberJson(value: bigint | undefined): JsonValue {
  return value === undefined ? null : String(value);
}
