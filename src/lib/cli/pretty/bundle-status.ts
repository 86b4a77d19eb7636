import { counted } from '../../runtime/counted.ts';
import type { BundleStatus } from '../../wire/gen/spirekit/api/server/federation/v1/federation.ts';
import { formatGoTime } from '../go-time.ts';
import type { Table } from '../printer.ts';
import type { ZoneOf } from './agent.ts';

/** The text of `federation list -status`. */
export function formatBundleStatuses(statuses: readonly BundleStatus[], zoneOf: ZoneOf): string {
  const head = `Found ${counted(statuses.length, 'federated trust domain', 'federated trust domains')}\n`;
  return head + statuses.map((status) => `\n${formatBundleStatus(status, zoneOf)}`).join('');
}

/** The same as the umbrella lists them. */
export function bundleStatusTable(statuses: readonly BundleStatus[], zoneOf: ZoneOf): Table {
  return {
    head: ['Trust domain', 'Bundle endpoint', 'Profile', 'Set in', 'Last refresh', 'Problem'],
    rows: statuses.map((status) => [
      status.trustDomain,
      status.bundleEndpointUrl,
      status.bundleEndpointProfile,
      placeOf(status),
      formatTime(status.lastSuccessAt, zoneOf),
      status.problem,
    ]),
    endsInProse: true,
  };
}

/** What went wrong with the bundles of trust domains, a line each; empty if nothing did. */
export function formatBundleProblems(statuses: readonly BundleStatus[]): string {
  return statuses
    .filter(({ problem }) => problem !== '')
    .map(({ trustDomain, problem }) => `The bundle of ${trustDomain} is not refreshed: ${problem}\n`)
    .join('');
}

function formatBundleStatus(status: BundleStatus, zoneOf: ZoneOf): string {
  const lines: [label: string, text: string][] = [
    ['Trust domain', status.trustDomain],
    ['Bundle endpoint URL', status.bundleEndpointUrl],
    ['Bundle endpoint profile', status.bundleEndpointProfile],
    ['Set in', placeOf(status)],
    ['Last refresh', formatTime(status.lastSuccessAt, zoneOf)],
    ['Next refresh', formatTime(status.nextAttemptAt, zoneOf)],
  ];
  if (status.problem !== '') lines.push(['Problem', status.problem]);
  return lines.map(([label, text]) => `${label.padEnd(26)}: ${text}\n`).join('');
}

function placeOf({ configured }: BundleStatus): string {
  return configured ? 'configuration' : 'API';
}

function formatTime(epochSeconds: bigint, zoneOf: ZoneOf): string {
  return epochSeconds === 0n ? 'never' : formatGoTime(epochSeconds, zoneOf(epochSeconds));
}
