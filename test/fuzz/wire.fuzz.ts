import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';
import { agentFromWire, agentToWire } from '../../src/lib/wire/convert/agent.ts';
import { bundleFromWire, bundleToWire } from '../../src/lib/wire/convert/bundle.ts';
import { entryFromWire, entryToWire, requestedEntryFromWire } from '../../src/lib/wire/convert/entry.ts';
import {
  federationRelationshipFromWire,
  federationRelationshipToWire,
} from '../../src/lib/wire/convert/federation-relationship.ts';
import { findPermissionDeniedReason } from '../../src/lib/wire/convert/status.ts';
import { Agent } from '../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Bundle } from '../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry } from '../../src/lib/wire/gen/spire/api/types/entry.ts';
import { FederationRelationship } from '../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

const domain = TrustDomain.parse('example.org');

/**
 * Whatever bytes are taken for a message, the values made of it are refused with one of our errors, or come back the
 * same from the wire.
 */
export function target(bytes: Uint8Array): void {
  comesBack(bytes, Entry, entryFromWire, entryToWire);
  comesBack(bytes, Entry, (wire) => requestedEntryFromWire(domain, wire).entry, entryToWire);
  comesBack(bytes, Agent, agentFromWire, agentToWire);
  comesBack(bytes, Bundle, bundleFromWire, bundleToWire);
  comesBack(bytes, FederationRelationship, federationRelationshipFromWire, federationRelationshipToWire);
  findPermissionDeniedReason(bytes);
}

function comesBack<W, T>(bytes: Uint8Array, codec: Codec<W>, fromWire: (wire: W) => T, toWire: (value: T) => W): void {
  let wire: W;
  try {
    wire = codec.decode(bytes);
  } catch {
    // No message: the transport refuses it before a converter sees it.
    return;
  }
  let value: T;
  try {
    value = fromWire(wire);
  } catch (error) {
    if (error instanceof SpirekitError) return;
    throw error;
  }
  const encoded = codec.encode(toWire(value)).finish();
  const again = codec.encode(toWire(fromWire(codec.decode(encoded)))).finish();
  if (Buffer.compare(encoded, again) !== 0) throw new Error('the value changed on its way');
}
