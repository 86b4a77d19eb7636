import type { Certificate } from '../../../crypto/certificate.ts';
import { warnIfClockIsBehind } from '../../../runtime/clock-behind.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import { Bundle } from '../../../spiffe/bundle.ts';
import type { ManagedKey } from '../../plugin/keymanager/key-manager.ts';
import type { AgentStorage } from '../../storage/agent-storage.ts';
import { findKeyOf } from './agent-keys.ts';
import {
  type AgentSvid,
  agentIdText,
  attestNodeAndFetchBundle,
  type NodeAttestationOptions,
} from './node-attestation.ts';

/** Who the agent is and whom it trusts, at the end of its start. */
export interface AttestedAgent {
  readonly svid: AgentSvid;
  readonly bundle: Bundle;
}

/** What {@link obtainAgentSvid} needs beside what every attestation needs. */
export interface FirstAttestationOptions extends NodeAttestationOptions {
  readonly storage: AgentStorage;
  /** The configured authorities, for an agent that has stored none; undefined trusts whoever answers. */
  readonly bootstrapAuthorities: readonly Certificate[] | undefined;
}

/** An SVID that ends so soon is no longer used. */
const CLOCK_SKEW_MS = 1000;

/**
 * The agent's SVID: the stored one as long as it is valid and its key is there, otherwise a new one by node
 * attestation. A stored bundle takes precedence over the configured one.
 */
export async function obtainAgentSvid(
  options: FirstAttestationOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<AttestedAgent> {
  const { storage, trustDomain } = options;
  const authorities = storage.data.bundle.length > 0 ? storage.data.bundle : options.bootstrapAuthorities;
  if (authorities?.length === 0) throw new SpirekitError('invalid-bundle', 'load bundle: no certs in bundle');
  const log =
    authorities === undefined ? options.log : options.log.with({ trust_domain_id: trustDomain.id().toString() });
  log.info(authorities === undefined ? 'Bundle is not found' : 'Bundle loaded');

  const { svid: stored, key: storedKey } = await recallSvid(options);
  if (stored !== undefined) {
    if (authorities === undefined) throw new SpirekitError('failed-precondition', 'SVID loaded but no bundle in cache');
    log.info('SVID loaded', { spiffe_id: agentIdText(stored.chain) });
    warnIfClockIsBehind('the SVID of the agent', stored.chain[0], options);
    return { svid: stored, bundle: new Bundle(trustDomain, { x509Authorities: authorities }) };
  }
  log.info('SVID is not found. Starting node attestation');
  const attested = await attestNodeAndFetchBundle(options, { authorities, presentKey: storedKey, signal });
  const { chain, reattestable } = attested.svid;
  log.info('Node attestation was successful', { spiffe_id: agentIdText(chain), reattestable });
  return attested;
}

/** What the last run left. The key is returned even if its SVID is of no use any more: the next one takes another slot. */
async function recallSvid(
  options: FirstAttestationOptions,
): Promise<{ readonly svid?: AgentSvid; readonly key: ManagedKey | undefined }> {
  const { keyManager, storage, clock, log } = options;
  const keys = await keyManager.listKeys();
  const [leaf, ...intermediates] = storage.data.svid;
  if (leaf === undefined) {
    log.debug('No pre-existing agent SVID found. Will perform node attestation');
    if (keys.length > 0) log.warn('Keys recovered, but no SVID found. Generating new keypair');
    return { key: undefined };
  }
  const key = findKeyOf(leaf, keys);
  if (key === undefined) {
    const what = keys.length === 0 ? 'no keys' : 'no SVID key';
    log.warn(`SVID recovered, but ${what} found. Generating new keypair`);
    return { key };
  }
  if (clock.nowMs() + CLOCK_SKEW_MS >= leaf.notAfterMs) {
    log.warn('SVID key recovered, but SVID is expired. Generating new keypair', { expiry: leaf.notAfter });
    return { key };
  }
  return { svid: { chain: [leaf, ...intermediates], key, reattestable: storage.data.reattestable }, key };
}
