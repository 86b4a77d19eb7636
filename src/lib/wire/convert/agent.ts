import { type AttestedNode, isBanned } from '../../spiffe/attested-node.ts';
import { Agent, type AgentMask } from '../gen/spire/api/types/agent.ts';
import { ALL_AGENT_FIELDS } from './masks.ts';
import { secondsFromWire, secondsToWire } from './seconds.ts';
import { selectorsFromWire, selectorsToWire } from './selector.ts';
import { spiffeIdFromWire, spiffeIdToWire } from './spiffe-id.ts';

/** The masked fields of an agent (all without a mask) and always its id. A renewed SVID not yet used is not told. */
export function agentToWire(node: AttestedNode, mask: AgentMask = ALL_AGENT_FIELDS): Agent {
  const wire = Agent.create({ id: spiffeIdToWire(node.spiffeId) });
  if (mask.attestationType) wire.attestationType = node.attestationType;
  if (mask.x509svidSerialNumber) wire.x509svidSerialNumber = node.serialNumber;
  if (mask.x509svidExpiresAt) wire.x509svidExpiresAt = secondsToWire(node.expiresAtSeconds);
  if (mask.selectors) wire.selectors = selectorsToWire(node.selectors);
  if (mask.banned) wire.banned = isBanned(node);
  if (mask.canReattest) wire.canReattest = node.canReattest;
  if (mask.agentVersion) wire.agentVersion = node.agentVersion;
  return wire;
}

/**
 * An agent that a server sent whole.
 *
 * @throws SpirekitError `invalid-argument`, `invalid-spiffe-id`, `invalid-trust-domain`, `invalid-selector`
 */
export function agentFromWire(wire: Agent): AttestedNode {
  return {
    spiffeId: spiffeIdFromWire(wire.id),
    attestationType: wire.attestationType,
    serialNumber: wire.banned ? '' : wire.x509svidSerialNumber,
    expiresAtSeconds: secondsFromWire(wire.x509svidExpiresAt),
    newSerialNumber: '',
    newExpiresAtSeconds: 0,
    canReattest: wire.canReattest,
    agentVersion: wire.agentVersion,
    selectors: selectorsFromWire(wire.selectors),
  };
}
