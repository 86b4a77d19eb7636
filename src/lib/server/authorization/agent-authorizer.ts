import type { Certificate } from '../../crypto/certificate.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { type AttestedNode, isBanned } from '../../spiffe/attested-node.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../wire/gen/spire/api/types/status.ts';
import type { NodeStore, NodeUpdate } from '../datastore/node-store.ts';
import type { RecentNodes } from './recent-nodes.ts';

/** Whether a caller is an agent in good standing: granted, or the reason why not. */
export type AgentVerdict = { readonly isGranted: true } | { readonly isGranted: false; readonly reason: Reason };

/** What decisions are made from. */
export interface AgentAuthorizerDeps {
  readonly nodes: Pick<NodeStore, 'findNode' | 'updateNode'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Records of agents that are believed for a while; without them each call is decided anew. */
  readonly recent?: RecentNodes | undefined;
}

/** Decides whether the SVID that a caller presents is the current one of an attested agent. */
export class AgentAuthorizer {
  readonly #nodes: Pick<NodeStore, 'findNode' | 'updateNode'>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #recent: RecentNodes | undefined;

  constructor({ nodes, clock, recent }: AgentAuthorizerDeps) {
    this.#nodes = nodes;
    this.#clock = clock;
    this.#recent = recent;
  }

  /**
   * After a renewal the old SVID stays good until the new one is first used here, which makes that one current. Every call
   * is decided anew, so a ban or an eviction acts on connections that are already open. A record that is remembered only
   * ever grants; whatever it would refuse, the datastore decides.
   */
  async authorize(agentId: SpiffeId, svid: Certificate, log: Logger): Promise<AgentVerdict> {
    if (this.#clock.nowMs() > svid.notAfterMs) {
      log.error('Agent SVID is expired');
      return { isGranted: false, reason: Reason.AGENT_EXPIRED };
    }
    const serialNumber = svid.serialNumber.toString();
    if (this.#recent?.find(agentId)?.serialNumber === serialNumber) return { isGranted: true };
    const look = this.#recent?.beginLook();
    const node = await this.#nodes.findNode(agentId);
    if (node === undefined) {
      log.error('Agent is not attested');
      return { isGranted: false, reason: Reason.AGENT_NOT_ATTESTED };
    }
    if (isBanned(node)) {
      log.error('Agent is banned');
      return { isGranted: false, reason: Reason.AGENT_BANNED };
    }
    if (serialNumber === node.serialNumber) {
      if (look !== undefined) this.#recent?.remember(node, look);
      return { isGranted: true };
    }
    if (serialNumber === node.newSerialNumber) return this.#activate(node, serialNumber, log);
    log.error('Agent SVID is not active', { svid_serial_num: serialNumber, serial_num: node.serialNumber });
    return { isGranted: false, reason: Reason.AGENT_NOT_ACTIVE };
  }

  /**
   * The node may have been banned, evicted or renewed again since it was looked up; what is stored then decides. While
   * the datastore takes no writes the SVID is good too, and the one before it stays so: it is tried again at each call.
   */
  async #activate({ spiffeId }: AttestedNode, serialNumber: string, log: Logger): Promise<AgentVerdict> {
    try {
      const node = await this.#nodes.updateNode(spiffeId, (stored) =>
        stored.newSerialNumber === serialNumber ? activated(stored) : {},
      );
      if (node.serialNumber === serialNumber) return { isGranted: true };
      return { isGranted: false, reason: isBanned(node) ? Reason.AGENT_BANNED : Reason.AGENT_NOT_ACTIVE };
    } catch (cause) {
      const { code } = SpirekitError.from(cause);
      if (code === 'not-found') return { isGranted: false, reason: Reason.AGENT_NOT_ATTESTED };
      if (code !== 'unavailable') throw cause;
      log.warn('Unable to store that the agent uses its new SVID', { error: cause });
      return { isGranted: true };
    }
  }
}

function activated(node: AttestedNode): NodeUpdate {
  return {
    serialNumber: node.newSerialNumber,
    expiresAtSeconds: node.newExpiresAtSeconds,
    newSerialNumber: '',
    newExpiresAtSeconds: 0,
  };
}
