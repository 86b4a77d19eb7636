import { rpcCodeName } from '../../rpc/status.ts';
import { counted } from '../../runtime/counted.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import type { FederationRelationship } from '../../wire/gen/spire/api/types/federationrelationship.ts';
import { type BatchResult, isAccepted } from '../batch-outcome.ts';
import type { Table } from '../printer.ts';

/** The answer to one relationship of a batch. */
export interface FederationResult extends BatchResult {
  readonly federationRelationship: FederationRelationship | undefined;
}

/** The text of `federation list`. */
export function formatRelationships(relationships: readonly FederationRelationship[]): string {
  const head = counted(relationships.length, 'federation relationship', 'federation relationships');
  return `Found ${head}\n${relationships.map((relationship) => `\n${formatRelationship(relationship)}`).join('')}`;
}

/** The text of `federation show`, which repeats the name that was asked for. */
export function formatShownRelationship(relationship: FederationRelationship, trustDomain: string): string {
  return `Found a federation relationship with trust domain ${trustDomain}:\n\n${formatRelationship(relationship)}`;
}

/**
 * What `federation create` and `federation update` print to stdout: the relationships that the server accepted, and an
 * empty line for each one it refused, as SPIRE does.
 */
export function formatAccepted(results: readonly FederationResult[]): string {
  const accepted = results.filter(isAccepted);
  const texts = accepted.map((result) => `\n${formatOptional(result.federationRelationship)}`);
  return texts.join('') + '\n'.repeat(results.length - accepted.length);
}

/**
 * What `federation create` and `federation update` print to stderr: the relationships that the server refused, and why.
 *
 * @param requested what was asked for, in the order of the results: the answers to refused ones do not repeat it
 */
export function formatRefused(
  results: readonly FederationResult[],
  requested: readonly FederationRelationship[],
  verb: 'create' | 'update',
): string {
  return results
    .map((result, index) => {
      if (isAccepted(result)) return '';
      const reason = `(code: ${rpcCodeName(result.status?.code ?? 0)}, msg: ${goQuote(result.status?.message ?? '')})`;
      const head = `Failed to ${verb} the following federation relationship ${reason}:\n`;
      return head + formatOptional(requested[index]);
    })
    .join('');
}

/** Federation relationships as the umbrella lists them. */
export function federationTable(relationships: readonly FederationRelationship[]): Table {
  return {
    head: ['Trust domain', 'Bundle endpoint', 'Profile', 'Endpoint SPIFFE ID'],
    rows: relationships.map((relationship) => {
      const { name, endpointId } = profileOf(relationship);
      return [relationship.trustDomain, relationship.bundleEndpointUrl, name ?? 'none', endpointId ?? ''];
    }),
  };
}

function formatOptional(relationship: FederationRelationship | undefined): string {
  return relationship === undefined ? '' : formatRelationship(relationship);
}

function formatRelationship(relationship: FederationRelationship): string {
  const { name, endpointId } = profileOf(relationship);
  const lines: [label: string, text: string][] = [
    ['Trust domain', relationship.trustDomain],
    ['Bundle endpoint URL', relationship.bundleEndpointUrl],
  ];
  if (name !== undefined) lines.push(['Bundle endpoint profile', name]);
  if (endpointId !== undefined) lines.push(['Endpoint SPIFFE ID', endpointId]);
  return lines.map(([label, text]) => `${label.padEnd(26)}: ${text}\n`).join('');
}

function profileOf(relationship: FederationRelationship): { name?: string; endpointId?: string } {
  const profile = relationship.bundleEndpointProfile;
  switch (profile?.$case) {
    case undefined:
      return {};
    case 'httpsWeb':
      return { name: 'https_web' };
    case 'httpsSpiffe':
      return { name: 'https_spiffe', endpointId: profile.value.endpointSpiffeId };
  }
}
