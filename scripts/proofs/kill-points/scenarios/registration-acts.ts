import { attestNode } from '../../../../src/lib/agent/attestor/node/node-attestation.ts';
import { MemoryKeyManager } from '../../../../src/lib/agent/plugin/keymanager/memory/memory-key-manager.ts';
import { JoinTokenNodeAttestor } from '../../../../src/lib/agent/plugin/nodeattestor/join-token/join-token-node-attestor.ts';
import { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { systemClock } from '../../../../src/lib/runtime/clock.ts';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { checkNothingLost } from '../server-state.ts';
import type { ActedServer, ServerAct } from './server-scenario.ts';

const TOKEN = 'the-only-token';

/** AttestAgent with a join token: the token is used and the agent known, or neither. */
export const joinTokenUse: ServerAct = {
  name: 'use of a join token',
  threads: ['main'],
  prepare: async ({ client }) =>
    void (await client.agent.createJoinToken({ ttl: 3600, token: TOKEN, agentId: undefined })),
  act: (server) => attest(server),
  check: async (server, { before, after }, acknowledged) => {
    checkNothingLost(before, after);
    const [agent] = after.agents;
    if (acknowledged !== undefined && agent !== acknowledged) throw new Error('the attested agent is not known');
    const second = await attest(server).catch((error: Error) => error);
    const isRefused = second instanceof Error && second.message.includes('has already been used');
    if (agent === undefined && second instanceof Error)
      throw new Error(`no agent, and the token fails: ${second.message}`);
    if (agent !== undefined && !isRefused) throw new Error('the token let a second agent in');
    const third = await attest(server).catch((error: Error) => error);
    const { agents } = await server.client.agent.listAgents({
      filter: undefined,
      outputMask: undefined,
      pageSize: 0,
      pageToken: '',
    });
    if (!(third instanceof Error) || agents.length !== 1) throw new Error(`${agents.length} agents by one token`);
    return agent === undefined ? 'token unused, no agent' : 'token used, agent known';
  },
};

/** `token generate`: a token that was shown works, once. */
export const tokenGenerate: ServerAct = {
  name: 'token generate',
  threads: ['main'],
  prepare: async () => {},
  act: async ({ client }) =>
    (await client.agent.createJoinToken({ ttl: 3600, token: TOKEN, agentId: undefined })).value,
  check: async (server, { before, after }, acknowledged) => {
    checkNothingLost(before, after);
    const attested = await attest(server).catch((error: Error) => error);
    if (acknowledged !== undefined && attested instanceof Error) {
      throw new Error(`the token that was shown fails: ${attested.message}`);
    }
    return attested instanceof Error ? 'old' : 'new';
  },
};

/** `entry create`. */
export const entryCreate: ServerAct = {
  name: 'entry create',
  threads: ['main'],
  prepare: async () => {},
  act: async ({ client }) => {
    const entry = Entry.fromPartial({
      spiffeId: { trustDomain: 'example.org', path: '/web' },
      parentId: { trustDomain: 'example.org', path: '/host' },
      selectors: [{ type: 'unix', value: 'uid:0' }],
    });
    const { results } = await client.entry.batchCreateEntry({ entries: [entry], outputMask: undefined });
    return results[0]?.entry?.id ?? '';
  },
  check: (_server, { before, after }, acknowledged) => {
    checkNothingLost(before, after);
    const id = after.entries.get('/web');
    if (acknowledged !== undefined && id !== acknowledged) throw new Error('the created entry is not there');
    return id === undefined ? 'old' : 'new';
  },
};

/** Attests with a new key; resolves with the path of the agent. */
async function attest({ client, deployment }: ActedServer): Promise<string> {
  const bundle = await client.bundle.getBundle({ outputMask: undefined });
  const { chain } = await attestNode(
    {
      serverAddress: '127.0.0.1',
      serverPort: deployment.port,
      trustDomain: TrustDomain.parse(deployment.trustDomain),
      nodeAttestor: new JoinTokenNodeAttestor(TOKEN),
      keyManager: new MemoryKeyManager(),
      clock: systemClock,
      log: silentLogger,
      metrics: NO_METRICS,
    },
    {
      authorities: bundle.x509Authorities.map(({ asn1 }) => Certificate.parse(asn1)),
      presentKey: undefined,
      signal: AbortSignal.timeout(60_000),
    },
  );
  return new URL(chain[0].uris[0] ?? '').pathname;
}
