import type { Finding } from '../findings/finding.ts';
import { utcTime } from '../runtime/utc-time.ts';
import { bundleFingerprint } from './bundle-fingerprint.ts';
import type { FederatedDomainStatus } from './federated-domain-status.ts';

const HOUR_MS = 3_600_000;

/** A root is in the bundle for about this part of its life before it signs: who looks less often meets one it does not know. */
const PARTS_OF_A_LIFE = 3;

/** What is wrong, or may become so, with a federated trust domain. */
export function federationFindings(domain: Omit<FederatedDomainStatus, 'findings'>, nowMs: number): Finding[] {
  const subject = domain.trustDomain;
  return [...bundleFindings(domain, nowMs), ...refreshFindings(domain)].map((finding) => ({ subject, ...finding }));
}

type Said = Omit<Finding, 'subject'>;

function bundleFindings(domain: Omit<FederatedDomainStatus, 'findings'>, nowMs: number): Said[] {
  const { bundle, lastRootEndsMs, shortestLifeMs, trustDomain, url } = domain;
  if (bundle === undefined) {
    return [
      {
        code: 'SPK-6101',
        severity: 'error',
        message: 'there is no bundle of it yet, so nobody here can verify its workloads',
        remedy: `\`spirekit federation refresh --id ${trustDomain}\` says why`,
      },
    ];
  }
  const findings: Said[] = [];
  if (lastRootEndsMs !== undefined && lastRootEndsMs <= nowMs) {
    findings.push({
      code: 'SPK-6102',
      severity: 'error',
      message: `every root of its bundle has expired, the last one at ${utcTime(lastRootEndsMs)}`,
      remedy: `Have its bundle fetched again: \`spirekit federation refresh --id ${trustDomain}\``,
    });
  } else if (lastRootEndsMs !== undefined && shortestLifeMs !== undefined) {
    const soonMs = Math.min(24 * HOUR_MS, shortestLifeMs / 10);
    if (lastRootEndsMs - nowMs < soonMs) {
      findings.push({
        code: 'SPK-6103',
        severity: 'warning',
        message: `the last root of its bundle expires at ${utcTime(lastRootEndsMs)}, and no other is known`,
        remedy: 'Ask its operators, and see that the bundle is refreshed.',
      });
    }
  }
  const hintMs = bundle.refreshHintSeconds * 1000;
  if (shortestLifeMs !== undefined && hintMs > shortestLifeMs / PARTS_OF_A_LIFE) {
    findings.push({
      code: 'SPK-6104',
      severity: 'warning',
      message: `its refresh hint of ${bundle.refreshHintSeconds} s is long for roots that live ${Math.round(shortestLifeMs / 1000)} s: a new one may sign before it is known here`,
      remedy: 'Have its operators lower `refresh_hint` or raise `ca_ttl`.',
    });
  }
  if (url === undefined) {
    findings.push({
      code: 'SPK-6105',
      severity: 'warning',
      message: 'there is a bundle of it but no relationship, so nothing keeps it fresh',
      remedy: `\`spirekit federation join URL --trust-domain ${trustDomain}\`, or \`spirekit bundle delete --id ${trustDomain}\``,
    });
  }
  return findings;
}

function refreshFindings(domain: Omit<FederatedDomainStatus, 'findings'>): Said[] {
  const { bundle, problem, endpoint, usedBy, url = '' } = domain;
  const findings: Said[] = [];
  if (problem !== '') {
    findings.push({ code: 'SPK-6106', severity: 'error', message: `the server cannot refresh its bundle: ${problem}` });
  }
  if (endpoint?.problem !== undefined) {
    findings.push({
      code: 'SPK-6107',
      severity: 'warning',
      message: `its bundle endpoint was asked from here, in vain: ${endpoint.problem.message}`,
      evidence: [url],
      remedy: 'If the server reaches it from where it runs, that is enough.',
    });
  }
  if (endpoint?.bundle !== undefined && bundle !== undefined) {
    if (bundleFingerprint(endpoint.bundle) !== bundleFingerprint(bundle)) {
      findings.push({
        code: 'SPK-6108',
        severity: 'warning',
        message: 'its endpoint serves another bundle than the one that is stored here',
        evidence: [
          `stored: sequence number ${bundle.sequenceNumber}, fingerprint ${bundleFingerprint(bundle)}`,
          `served: sequence number ${endpoint.bundle.sequenceNumber}, fingerprint ${bundleFingerprint(endpoint.bundle)}`,
        ],
        remedy: `\`spirekit federation refresh --id ${domain.trustDomain}\` fetches it now`,
      });
    }
  }
  if (usedBy === 0) {
    findings.push({ code: 'SPK-6109', severity: 'info', message: 'no registration entry federates with it' });
  }
  return findings;
}
