import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { formatChangeList, parseChangeLists } from '../../src/lib/server/datastore/postgres/change-list.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';

/** Any text is refused as damaged, or names what its own list of changes names. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    const { entryIds, nodes, bundles, federations } = parseChangeLists([text]);
    const again = formatChangeList([
      ...[...entryIds].map((entryId) => ({ kind: 'entry', entryId, entry: undefined }) as const),
      ...[...nodes].map((spiffeId) => ({ kind: 'node', spiffeId, node: undefined }) as const),
      ...[...bundles].map((name) => ({ kind: 'bundle', trustDomain: TrustDomain.parse(name) }) as const),
      ...[...federations].map((name) => ({ kind: 'federation', trustDomain: TrustDomain.parse(name) }) as const),
    ]);
    const names = parseChangeLists([again]);
    const isSame = [...names.entryIds, ...names.nodes].length === entryIds.size + nodes.size;
    if (!isSame || names.bundles.size !== bundles.size) throw new Error('other names');
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'data-loss') return;
    throw error;
  }
}
