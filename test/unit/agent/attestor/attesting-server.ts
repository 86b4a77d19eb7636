import { ProcessPeerAttestor } from '../../../../src/lib/agent/attestor/workload/peer-attestation.ts';
import { WorkloadAttestation } from '../../../../src/lib/agent/attestor/workload/workload-attestation.ts';
import type { UnixPeer } from '../../../../src/lib/rpc/call-context.ts';
import { RpcServer } from '../../../../src/lib/rpc/server.ts';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { formatSelector } from '../../../../src/lib/spiffe/selector.ts';
import { UnixWorkloadAttestor } from '../../../../src/lib/unixprocess/unix-workload-attestor.ts';
import { HealthDefinition } from '../../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { noCounters } from '../../../support/no-counters.ts';
import { MemoryLog } from '../support.ts';

/** A server that attests its callers as the agent does. `List` answers with the caller's selectors. */
export interface AttestingServer extends AsyncDisposable {
  /** Who connected next; in the order of connecting. */
  nextPeer(): Promise<UnixPeer>;
  /** The selectors of a process, or the word `denied`. */
  attest(peer: UnixPeer): Promise<readonly string[] | 'denied'>;
  /** Why connections were refused. */
  readonly refusals: readonly string[];
}

export async function serveAttestation(path: string): Promise<AttestingServer> {
  const attestation = new WorkloadAttestation({
    attestors: [
      new UnixWorkloadAttestor({ discoverWorkloadPath: process.getuid?.() === 0, workloadSizeLimitBytes: -1 }),
    ],
    counters: noCounters,
    log: new MemoryLog(),
  });
  const attestor = new ProcessPeerAttestor(attestation);
  const peers: UnixPeer[] = [];
  const waiting: ((peer: UnixPeer) => void)[] = [];
  const refusals: string[] = [];
  const server = new RpcServer({ onConnectionError: (error) => refusals.push(SpirekitError.from(error).message) });
  server.addService(HealthDefinition, {
    async list(_request, { peer }) {
      const selectors = (await attestor.attest(peer)).map(formatSelector);
      return { statuses: Object.fromEntries(selectors.map((selector) => [selector, { status: 1 }])) };
    },
  });
  await server.listenUnix({
    path,
    socketMode: 0o777,
    onPeer: (peer) => {
      const next = waiting.shift();
      if (next === undefined) peers.push(peer);
      else next(peer);
    },
  });
  return {
    refusals,
    nextPeer() {
      const peer = peers.shift();
      return peer === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(peer);
    },
    async attest(peer) {
      try {
        return (await attestor.attest(peer)).map(formatSelector);
      } catch {
        return 'denied';
      }
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
