import type { Selectable } from 'kysely';
import type { AttestedNode } from '../../../spiffe/attested-node.ts';
import { formatSelector, parseSelector } from '../../../spiffe/selector.ts';
import { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { readRow, readTextList } from './json-column.ts';
import type { NodeTable } from './schema.ts';

export type NodeRow = Selectable<NodeTable>;

/** The row of a node, without the row id that the database gives. The selectors must not repeat. */
export function toNodeRow(node: AttestedNode): Omit<NodeRow, 'id'> {
  return {
    spiffe_id: node.spiffeId.toString(),
    attestation_type: node.attestationType,
    serial_number: node.serialNumber,
    expires_at: node.expiresAtSeconds,
    new_serial_number: node.newSerialNumber,
    new_expires_at: node.newExpiresAtSeconds,
    can_reattest: Number(node.canReattest),
    agent_version: node.agentVersion,
    selectors: JSON.stringify(node.selectors.map(formatSelector)),
    selector_count: node.selectors.length,
  };
}

/** The node in a row. Error: `data-loss` for a row that this program cannot have written. */
export function fromNodeRow(row: NodeRow): AttestedNode {
  return readRow(() => readNode(row));
}

function readNode(row: NodeRow): AttestedNode {
  return {
    spiffeId: SpiffeId.parse(row.spiffe_id),
    attestationType: row.attestation_type,
    serialNumber: row.serial_number,
    expiresAtSeconds: row.expires_at,
    newSerialNumber: row.new_serial_number,
    newExpiresAtSeconds: row.new_expires_at,
    canReattest: row.can_reattest !== 0,
    agentVersion: row.agent_version,
    selectors: readTextList(row.selectors).map(parseSelector),
  };
}
