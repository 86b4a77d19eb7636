import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { isUsedUp, useToken } from '../../join-token-attempt.ts';
import { checkNothingLost } from '../server-state.ts';
import type { ServerAct } from './server-scenario.ts';

const TOKEN = 'the-only-token';
const AGENT = `/spire/agent/join_token/${TOKEN}`;

/** AttestAgent with a join token: the token is used and the agent known, or neither. */
export const joinTokenUse: ServerAct = {
  name: 'use of a join token',
  threads: ['main'],
  prepare: async ({ client }) =>
    void (await client.agent.createJoinToken({ ttl: 3600, token: TOKEN, agentId: undefined })),
  act: async ({ deployment }) => {
    await useToken(TOKEN, deployment.port);
    return AGENT;
  },
  check: async ({ client, deployment }, { before, after }, acknowledged) => {
    checkNothingLost(before, after);
    const isKnown = after.agents.includes(AGENT);
    if (acknowledged !== undefined && !isKnown) throw new Error('the attested agent is not known');
    const worked = [await works(deployment.port), await works(deployment.port)];
    if (worked[0] === isKnown) throw new Error(isKnown ? 'the token works again' : 'the token is used up for nothing');
    if (worked[1] === true) throw new Error('the token works a second time');
    const { count } = await client.agent.countAgents({ filter: undefined });
    if (count !== 1) throw new Error(`${count} agents by one token`);
    return isKnown ? 'token used, agent known' : 'token unused, no agent';
  },
};

/** `token generate`: a token that was shown works, once. */
export const tokenGenerate: ServerAct = {
  name: 'token generate',
  threads: ['main'],
  prepare: async () => {},
  act: async ({ client }) =>
    (await client.agent.createJoinToken({ ttl: 3600, token: TOKEN, agentId: undefined })).value,
  check: async ({ deployment }, { before, after }, acknowledged) => {
    checkNothingLost(before, after);
    const isThere = await works(deployment.port);
    if (acknowledged !== undefined && !isThere) throw new Error('the token that was shown does not work');
    return isThere ? 'new' : 'old';
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

/** Whether the token lets an agent in; it is then used. */
async function works(port: number): Promise<boolean> {
  try {
    await useToken(TOKEN, port);
    return true;
  } catch (error) {
    if (isUsedUp(error)) return false;
    throw error;
  }
}
