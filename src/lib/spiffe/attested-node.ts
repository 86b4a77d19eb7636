import type { Selector } from './selector.ts';
import type { SpiffeId } from './spiffe-id.ts';

/** An agent that attested (spire.api.types.Agent), as the server remembers it. */
export interface AttestedNode {
  readonly spiffeId: SpiffeId;
  /** Name of the node attestor, for example `join_token`. */
  readonly attestationType: string;
  /** Decimal serial number of the agent's current X509-SVID; empty means banned. */
  readonly serialNumber: string;
  /** Seconds since the Unix epoch at which the current X509-SVID ends. */
  readonly expiresAtSeconds: number;
  /** Serial number of a renewed X509-SVID that the agent did not use yet; empty when there is none. */
  readonly newSerialNumber: string;
  /** Seconds since the Unix epoch; 0 when there is no renewed X509-SVID. */
  readonly newExpiresAtSeconds: number;
  readonly canReattest: boolean;
  /** Empty until the agent posted its status. */
  readonly agentVersion: string;
  readonly selectors: readonly Selector[];
}

/** A banned agent keeps its place but has no serial number that could match. */
export function isBanned(node: Pick<AttestedNode, 'serialNumber'>): boolean {
  return node.serialNumber === '';
}
