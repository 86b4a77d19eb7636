import { goQuote } from '../../runtime/go-quote.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { SPIFFEID } from '../gen/spire/api/types/spiffeid.ts';
import { invalidMessage } from './conversion-error.ts';

/** A SPIFFE ID as the APIs of SPIRE send it: name and path apart. */
export function spiffeIdToWire(id: SpiffeId): SPIFFEID {
  return { trustDomain: id.trustDomain.name, path: id.path };
}

/** @throws SpirekitError `invalid-argument` if it is missing, else what the parts of the ID throw */
export function spiffeIdFromWire(id: SPIFFEID | undefined): SpiffeId {
  if (id === undefined) throw invalidMessage('request must specify SPIFFE ID');
  return SpiffeId.fromPath(TrustDomain.parse(id.trustDomain), id.path);
}

/** Any ID with a path in the trust domain. @throws SpirekitError */
export function memberIdFromWire(trustDomain: TrustDomain, id: SPIFFEID | undefined): SpiffeId {
  const parsed = memberOf(trustDomain, id);
  if (parsed.path === '') throw invalidMessage(`${notMember(parsed, trustDomain)}; path is empty`);
  return parsed;
}

/** An ID of an agent, below `/spire/agent/`. @throws SpirekitError */
export function agentIdFromWire(trustDomain: TrustDomain, id: SPIFFEID | undefined): SpiffeId {
  const parsed = memberOf(trustDomain, id);
  const complaint = `${quoted(parsed)} is not an agent in trust domain ${quoted(trustDomain)}`;
  if (parsed.path === '') throw invalidMessage(`${complaint}; path is empty`);
  if (!parsed.path.startsWith('/spire/agent/')) {
    throw invalidMessage(`${complaint}; path is not in the agent namespace`);
  }
  return parsed;
}

/** An ID that a workload may have: everything but SPIRE's own namespace. @throws SpirekitError */
export function workloadIdFromWire(trustDomain: TrustDomain, id: SPIFFEID | undefined): SpiffeId {
  const parsed = memberOf(trustDomain, id);
  const complaint = `${quoted(parsed)} is not a workload in trust domain ${quoted(trustDomain)}`;
  if (parsed.path === '') throw invalidMessage(`${complaint}; path is empty`);
  if (parsed.path === '/spire' || parsed.path.startsWith('/spire/')) {
    throw invalidMessage(`${complaint}; path is in the reserved namespace`);
  }
  return parsed;
}

function memberOf(trustDomain: TrustDomain, id: SPIFFEID | undefined): SpiffeId {
  const parsed = spiffeIdFromWire(id);
  if (!parsed.isMemberOf(trustDomain)) throw invalidMessage(notMember(parsed, trustDomain));
  return parsed;
}

function notMember(id: SpiffeId, trustDomain: TrustDomain): string {
  return `${quoted(id)} is not a member of trust domain ${quoted(trustDomain)}`;
}

function quoted(value: SpiffeId | TrustDomain): string {
  return goQuote(value.toString());
}

/** An ID of a message as people write it, whatever it holds; empty where there is none. */
export function spiffeIdText(id: SPIFFEID | undefined): string {
  return id === undefined ? '' : `spiffe://${id.trustDomain}${id.path}`;
}
