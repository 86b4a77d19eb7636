import { stat } from 'node:fs/promises';
import type { Peer, UnixPeer } from '../../../rpc/call-context.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import { FairQueue } from '../../../runtime/fair-queue.ts';
import type { Selector } from '../../../spiffe/selector.ts';
import type { WorkloadAttestation } from './workload-attestation.ts';

/** Finds out which workload is at the other end of a socket. */
export interface PeerAttestor {
  /**
   * The selectors of the process that opened the connection. Rejects with `unavailable` when nothing is known of it,
   * `unauthenticated` when it is gone or not what it was, `canceled` when the signal aborts.
   */
  attest(peer: Peer, options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly Selector[]>;
}

/** Each has files open; more at once would not be faster. */
const ATTESTATIONS_AT_ONCE = 16;

/**
 * Attests the process that the kernel names as the peer. What the attestors read under its process id counts only if,
 * after they have read it, the same process is still alive under the same user and group: ids are used again, and a
 * program may have become another.
 */
export class ProcessPeerAttestor implements PeerAttestor {
  readonly #attestation: WorkloadAttestation;
  readonly #procPath: string;
  readonly #queue = new FairQueue(ATTESTATIONS_AT_ONCE);

  /** @param procPath another place than `/proc` only for tests */
  constructor(attestation: WorkloadAttestation, procPath: string = '/proc') {
    this.#attestation = attestation;
    this.#procPath = procPath;
  }

  async attest(peer: Peer, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly Selector[]> {
    // A process of another pid namespace has no id here, and 0 would mean ourselves in some files.
    if (peer.kind !== 'unix' || peer.pid <= 0) throw refusal('could not resolve caller information');
    const selectors = await this.#queue.run(
      `uid ${peer.uid}`,
      () => this.#attestation.attest(peer.pid, options),
      options,
    );
    await this.#checkOwner(peer);
    if (!peer.isAlive()) throw refusal('could not verify existence of the original caller');
    if (!selectors.every((selector) => agreesWithKernel(selector, peer))) {
      throw refusal('could not verify existence of the original caller: it ran as another user or group meanwhile');
    }
    return selectors;
  }

  async #checkOwner(peer: UnixPeer): Promise<void> {
    let owner: { readonly uid: number; readonly gid: number };
    try {
      owner = await stat(`${this.#procPath}/${peer.pid}`);
    } catch (cause) {
      throw refusal('could not verify existence of the original caller', cause);
    }
    if (owner.uid !== peer.uid || owner.gid !== peer.gid) {
      throw refusal('could not verify existence of the original caller: it runs as another user or group');
    }
  }
}

/** A set-user-ID program may have run between the connect and the look at the owner, just when the attestor looked. */
function agreesWithKernel({ type, value }: Selector, peer: UnixPeer): boolean {
  const [, kind, id] = /^(uid|gid):(\d+)$/.exec(value) ?? [];
  if (type !== 'unix' || kind === undefined) return true;
  return Number(id) === (kind === 'uid' ? peer.uid : peer.gid);
}

function refusal(message: string, cause?: unknown): SpirekitError {
  return new SpirekitError('unauthenticated', message, { cause });
}
