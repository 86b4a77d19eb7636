import { bundleFingerprint } from '../../federating/bundle-fingerprint.ts';
import type { FederatedDomainStatus } from '../../federating/federated-domain-status.ts';
import type { FederationStatus } from '../../federating/federation-status.ts';
import { utcTime } from '../../runtime/utc-time.ts';
import type { Table } from '../printer.ts';
import type { JsonValue } from '../protojson.ts';
import { fromNow, shortDuration } from '../short-duration.ts';
import { escapeControls } from '../terminal-text.ts';
import { findingsJson, formatFindings } from './findings.ts';

/** The text of `federation status`. */
export function formatFederationStatus(status: FederationStatus): string {
  const head = `${formatOwn(status)}\n`;
  if (status.domains.length === 0) return `${head}No trust domain is federated.\n`;
  return head + status.domains.map((domain) => formatDomain(domain, status.atMs)).join('\n');
}

/** The same as a table; what there is to say follows below it. */
export function federationStatusTable({ domains, atMs }: FederationStatus): Table {
  return {
    head: [
      'Trust domain',
      'Profile',
      'Sequence',
      'Roots',
      'JWT keys',
      'Last root ends',
      'Last refresh',
      'Endpoint',
      'Entries',
    ],
    rows: domains.map((domain) => [
      domain.trustDomain,
      domain.url === undefined ? 'none' : `${domain.profile}${domain.isConfigured ? ' (configuration)' : ''}`,
      domain.bundle === undefined ? 'no bundle' : domain.bundle.sequenceNumber.toString(),
      String(domain.bundle?.x509Authorities.length ?? 0),
      String(domain.bundle?.jwtAuthorities.length ?? 0),
      domain.lastRootEndsMs === undefined ? '' : fromNow(domain.lastRootEndsMs, atMs),
      lastRefresh(domain, atMs),
      endpointWords(domain),
      String(domain.usedBy),
    ]),
  };
}

/** What the table does not hold: this side's fingerprint, and what is wrong. */
export function formatFederationRemarks(status: FederationStatus): string {
  return formatOwn(status) + formatFindings(status.domains.flatMap(({ findings }) => findings));
}

/** The JSON of `federation status`: `federation-status/v1`. */
export function federationStatusJson(status: FederationStatus): JsonValue {
  return {
    schema: 'federation-status/v1',
    at: utcTime(status.atMs),
    trust_domain: status.trustDomain,
    fingerprint: status.ownFingerprint,
    trust_domains: status.domains.map((domain) => ({
      trust_domain: domain.trustDomain,
      ...(domain.url === undefined ? {} : { bundle_endpoint_url: domain.url, bundle_endpoint_profile: domain.profile }),
      ...(domain.endpointId === '' ? {} : { endpoint_spiffe_id: domain.endpointId }),
      configured: domain.isConfigured,
      ...(domain.bundle === undefined
        ? {}
        : {
            bundle: {
              sequence_number: domain.bundle.sequenceNumber.toString(),
              refresh_hint_seconds: domain.bundle.refreshHintSeconds,
              x509_authorities: domain.bundle.x509Authorities.length,
              jwt_authorities: domain.bundle.jwtAuthorities.length,
              fingerprint: bundleFingerprint(domain.bundle),
              ...(domain.lastRootEndsMs === undefined ? {} : { last_root_expires_at: utcTime(domain.lastRootEndsMs) }),
            },
          }),
      ...(domain.lastSuccessMs === undefined ? {} : { last_success_at: utcTime(domain.lastSuccessMs) }),
      endpoint: endpointState(domain),
      entries: domain.usedBy,
      findings: findingsJson(domain.findings),
    })),
  };
}

function formatOwn({ trustDomain, ownFingerprint }: FederationStatus): string {
  const name = escapeControls(trustDomain);
  return `${name} has the bundle with the fingerprint ${ownFingerprint}. Who has it cannot be seen from here.\n`;
}

function formatDomain(domain: FederatedDomainStatus, atMs: number): string {
  const { bundle, url, lastRootEndsMs } = domain;
  const lines: [label: string, text: string][] = [
    ['Trust domain', domain.trustDomain],
    ['Bundle endpoint', url === undefined ? 'none' : `${url} (${domain.profile})`],
    ...(domain.isConfigured ? ([['Set in', 'configuration']] as [string, string][]) : []),
    ['Bundle', bundle === undefined ? 'none' : bundleWords(bundle)],
    ...(lastRootEndsMs === undefined
      ? []
      : ([['Last root ends', `${utcTime(lastRootEndsMs)} (${fromNow(lastRootEndsMs, atMs)})`]] as [string, string][])),
    ['Last refresh', lastRefresh(domain, atMs) || (domain.isRefreshTold ? 'never' : 'this server does not tell')],
    ['Endpoint', endpointWords(domain)],
    ['Used by', `${domain.usedBy} entries`],
  ];
  const text = lines.map(([label, value]) => escapeControls(`${label.padEnd(16)}: ${value}`)).join('\n');
  return `${text}\n${formatFindings(domain.findings)}`;
}

function bundleWords(bundle: NonNullable<FederatedDomainStatus['bundle']>): string {
  const hint = bundle.refreshHintSeconds === 0 ? 'none' : shortDuration(bundle.refreshHintSeconds * 1000);
  return `sequence number ${bundle.sequenceNumber}, ${bundle.x509Authorities.length} roots, ${bundle.jwtAuthorities.length} JWT keys, refresh hint ${hint}`;
}

function lastRefresh({ lastSuccessMs }: FederatedDomainStatus, atMs: number): string {
  return lastSuccessMs === undefined ? '' : fromNow(lastSuccessMs, atMs);
}

function endpointState({
  endpoint,
  bundle,
}: FederatedDomainStatus): 'not-asked' | 'failed' | 'same' | 'differs' | 'serves' {
  if (endpoint === undefined) return 'not-asked';
  if (endpoint.problem !== undefined) return 'failed';
  if (endpoint.bundle === undefined || bundle === undefined) return 'serves';
  return bundleFingerprint(endpoint.bundle) === bundleFingerprint(bundle) ? 'same' : 'differs';
}

function endpointWords(domain: FederatedDomainStatus): string {
  switch (endpointState(domain)) {
    case 'not-asked':
      return 'not asked';
    case 'failed':
      return 'no bundle to be had';
    case 'serves':
      return 'serves a bundle';
    case 'same':
      return 'serves the same';
    case 'differs':
      return 'serves another';
  }
}
