import type { AgentConfig } from '../config/agent/agent-config.ts';
import { RpcCode, RpcError } from '../rpc/status.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { type AttestedAgent, obtainAgentSvid } from './attestor/node/first-attestation.ts';
import type { NodeAttestationOptions } from './attestor/node/node-attestation.ts';
import { loadConfiguredBundle } from './bootstrap/configured-bundle.ts';
import { findCause } from './client/call-failure.ts';
import { findRefusal } from './client/refusal.ts';
import { isUnknownAuthority } from './client/server-authentication.ts';
import type { Manager } from './manager/manager.ts';
import { retry } from './retry.ts';
import type { AgentStorage } from './storage/agent-storage.ts';

/** What both steps of the start need. */
export interface StartOptions {
  readonly config: AgentConfig;
  readonly storage: AgentStorage;
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** A server that is being started too should be there by then. */
const LONGEST_START_MS = 60_000;

/**
 * Gets the agent its SVID and bundle, in as many attempts as a minute holds. Rejects with the last error, at once when
 * the server denies the agent or the node attestor has nothing to show.
 */
export async function attestAgent(attestation: NodeAttestationOptions, options: StartOptions): Promise<AttestedAgent> {
  const { config, storage, log, clock, signal } = options;
  let attempts = 0;
  const startedAt = new Date(clock.nowMs()).toISOString();
  const attest = async (): Promise<AttestedAgent> => {
    const isBootstrap = storage.data.bundle.length === 0;
    const helperParameters = {
      'spire-attest-mode': 'bootstrap',
      'spire-connection-attempts': String(++attempts),
      'spire-attest-start-time': startedAt,
      'spire-server-address': config.serverAddress,
      'spire-server-port': String(config.serverPort),
      'spiffe-trust-domain': config.trustDomain.name,
    };
    try {
      const bootstrapAuthorities = isBootstrap
        ? await loadConfiguredBundle(config, { clock, signal, helperParameters })
        : undefined;
      return await obtainAgentSvid({ ...attestation, storage, bootstrapAuthorities }, { signal });
    } catch (error) {
      if (isBootstrap && isUnknownAuthority(error)) {
        log.info("Trust Bundle and Server don't agree, bootstrapping again");
      }
      throw error;
    }
  };
  const agent = await retry(attest, {
    ...options,
    failureMessage: 'Failed to retrieve attestation result',
    isFinal: (error) => isDenied(error) || isWithoutProof(error),
    maxElapsedMs: LONGEST_START_MS,
  });
  checkRebootstrap(config, agent, log);
  return agent;
}

/** Brings the manager up, in as many attempts as a minute holds. Rejects at once when the server refuses the agent. */
export function initializeManager(manager: Manager, options: StartOptions): Promise<void> {
  return retry(() => manager.initialize(options), {
    ...options,
    failureMessage: 'Failed to initialize manager',
    isFinal: (error) => findRefusal(error) !== undefined,
    maxElapsedMs: LONGEST_START_MS,
  });
}

function isDenied(error: unknown): boolean {
  const isPermissionDenied = (cause: unknown): true | undefined =>
    cause instanceof RpcError && cause.status === RpcCode.permissionDenied ? true : undefined;
  return findCause(error, isPermissionDenied) === true;
}

/** What the server says comes with words of ours in front; this is the node attestor's own word. */
function isWithoutProof(error: unknown): boolean {
  return error instanceof RpcError && error.status === RpcCode.invalidArgument;
}

/** An agent that cannot attest again could never do what the configuration asks for. */
function checkRebootstrap(config: AgentConfig, agent: AttestedAgent, log: Logger): void {
  if (config.rebootstrapMode === 'never' || agent.svid.reattestable) return;
  const message =
    'rebootstrap_mode is set, but this node cannot attest again: its node attestor or the server does not allow it';
  if (config.rebootstrapMode === 'always') throw new SpirekitError('failed-precondition', message);
  log.warn(`${message}; going on without`);
}
