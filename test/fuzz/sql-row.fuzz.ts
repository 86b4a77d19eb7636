import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { formatBundleContent, parseBundleContent } from '../../src/lib/server/datastore/sql/bundle-row.ts';
import { type EntryRow, fromEntryRow, toEntryRow } from '../../src/lib/server/datastore/sql/entry-row.ts';
import { readTextList } from '../../src/lib/server/datastore/sql/json-column.ts';
import { fromNodeRow, type NodeRow, toNodeRow } from '../../src/lib/server/datastore/sql/node-row.ts';
import { BY_SPIFFE_ID, parseSpiffeIdPlace } from '../../src/lib/server/datastore/sql/spiffe-id-order.ts';

/**
 * Columns of any texts (one a line) are refused as damaged, or are values that come back from their own row. A page token is
 * refused, or comes back as it was but for zeros in front.
 */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = text.split('\n');
  damagedOr(() => readTextList(text));
  damagedOr(() => {
    const bundle = parseBundleContent('example.org', text);
    const written = formatBundleContent(bundle);
    if (formatBundleContent(parseBundleContent('example.org', written)) !== written)
      throw new Error('a bundle changed');
  });
  damagedOr(() => parseBundleContent(first, second));
  const place = parseSpiffeIdPlace(text);
  if (place !== undefined && BY_SPIFFE_ID.format(place) !== text.replace(/^0+(?=\d)/, '')) {
    throw new Error('a place in a list changed');
  }
  damagedOr(() => {
    const entry = fromEntryRow(entryRow(first, second, third, fourth, fifth));
    const again = fromEntryRow({ id: 1, ...toEntryRow(entry) });
    if (print(again) !== print(entry)) throw new Error('an entry changed');
  });
  damagedOr(() => {
    const node = fromNodeRow(nodeRow(first, second, third, fourth));
    if (print(fromNodeRow({ id: 1, ...toNodeRow(node) })) !== print(node)) throw new Error('a node changed');
  });
}

function entryRow(id: string, parent: string, selectors: string, names: string, attributes: string): EntryRow {
  return {
    ...{ id: 1, entry_id: 'x', spiffe_id: id, parent_id: parent, selectors, selector_count: 1, similarity: '' },
    ...{ federates_with: names, federation_count: 0, dns_names: names, x509_svid_ttl: 0, jwt_svid_ttl: 0, admin: 0 },
    ...{ downstream: 1, store_svid: 0, hint: '', attributes: attributes === '' ? null : attributes, expires_at: 0 },
    // SQLite keeps any number in an integer column.
    ...{ revision_number: Number(attributes) || 0, created_at: 0 },
  };
}

function nodeRow(id: string, type: string, serial: string, selectors: string): NodeRow {
  return {
    ...{ id: 1, spiffe_id: id, attestation_type: type, serial_number: serial, expires_at: 0, new_serial_number: '' },
    ...{ new_expires_at: 0, can_reattest: 1, agent_version: '', selectors, selector_count: 1 },
  };
}

function damagedOr(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof SpirekitError) || error.code !== 'data-loss') throw error;
  }
}

function print(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? `${member}n` : member));
}
