import type { AgentConfig } from '../config/agent/agent-config.ts';
import { RpcCode, RpcError } from '../rpc/status.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { type AttestedAgent, obtainAgentSvid } from './attestor/node/first-attestation.ts';
import type { NodeAttestationOptions } from './attestor/node/node-attestation.ts';
import { loadConfiguredBundle } from './bootstrap/configured-bundle.ts';
import { type Rebootstrap, RebootstrapNeeded } from './bootstrap/rebootstrap.ts';
import { findCause } from './client/find-cause.ts';
import { findRefusal } from './client/refusal.ts';
import { isUnknownAuthority } from './client/server-authentication.ts';
import type { Manager } from './manager/manager.ts';
import { retry } from './retry.ts';
import type { AgentStorage } from './storage/agent-storage.ts';

/** What both steps of the start need. */
export interface StartOptions {
  readonly config: AgentConfig;
  readonly storage: AgentStorage;
  readonly rebootstrap: Rebootstrap;
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** A server that is being started too should be there by then. */
const LONGEST_START_MS = 60_000;

/** An agent that may start over waits for its delay too. */
const LONGEST_START_OVER_MS = 24 * 3_600_000;

/**
 * Gets the agent its SVID and bundle, in as many attempts as a minute holds. Rejects with the last error, at once when
 * the server denies the agent or the node attestor has nothing to show.
 */
export async function attestAgent(attestation: NodeAttestationOptions, options: StartOptions): Promise<AttestedAgent> {
  const { config, storage, rebootstrap, log, clock, signal } = options;
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
      if (isUnknownAuthority(error)) {
        if (isBootstrap) log.info("Trust Bundle and Server don't agree, bootstrapping again");
        else if (await rebootstrap.isDue()) await rebootstrap.forgetServer();
      }
      throw error;
    }
  };
  const agent = await retry(attest, {
    ...options,
    failureMessage: 'Failed to retrieve attestation result',
    isFinal: (error) => isDenied(error) || isWithoutProof(error),
    maxElapsedMs: longestStartMs(options),
  });
  rebootstrap.checkNode(agent.svid.reattestable);
  return agent;
}

/**
 * Brings the manager up, in as many attempts as a minute holds. Rejects at once when the server refuses the agent, and
 * with {@link RebootstrapNeeded} when the agent has to start over.
 */
export function initializeManager(manager: Manager, options: StartOptions): Promise<void> {
  const { rebootstrap } = options;
  const initialize = async (): Promise<void> => {
    try {
      await manager.initialize(options);
      await rebootstrap.succeeded();
    } catch (error) {
      if (!isUnknownAuthority(error) || !(await rebootstrap.isDue())) throw error;
      await rebootstrap.forgetServer();
      throw new RebootstrapNeeded(error);
    }
  };
  return retry(initialize, {
    ...options,
    failureMessage: 'Failed to initialize manager',
    isFinal: (error) => findRefusal(error) !== undefined || error instanceof RebootstrapNeeded,
    maxElapsedMs: longestStartMs(options),
  });
}

function longestStartMs({ rebootstrap }: StartOptions): number {
  return rebootstrap.isAllowed ? LONGEST_START_OVER_MS : LONGEST_START_MS;
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
