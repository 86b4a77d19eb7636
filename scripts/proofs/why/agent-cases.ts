import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { NOBODY } from '../../../test/support/programs.ts';
import type { WhyCase } from './case.ts';
import { until, type WhyStage } from './stage.ts';

/** What is wrong with the question, the socket or the server, while the agent runs. */
export function questionCases(pid: number): WhyCase[] {
  const about = ['--pid', String(pid)];
  return [
    {
      name: 'no entry of the SPIFFE ID, one is spelled nearly so',
      code: 'SPK-2402',
      prepare: async (stage) => {
        await stage.register({ path: '/case/payments', selectors: ['unix:uid:2001'] });
        return { args: [...about, '--spiffe-id', stage.id('/case/paymenst')] };
      },
    },
    {
      name: 'SPIFFE ID of another trust domain',
      code: 'SPK-2403',
      prepare: async () => ({ args: [...about, '--spiffe-id', 'spiffe://example.com/web'] }),
    },
    {
      name: 'SPIFFE ID of an agent',
      code: 'SPK-2405',
      prepare: async (stage) => ({ args: [...about, '--spiffe-id', stage.otherAgent] }),
    },
    {
      name: 'no entries at all',
      code: 'SPK-2401',
      prepare: async (stage) => ({
        args: ['--selector', 'unix:uid:2001'],
        serverSocket: stage.foreign.serverSocket,
      }),
    },
    {
      name: 'server of another trust domain',
      code: 'SPK-2211',
      prepare: async (stage) => ({ args: about, serverSocket: stage.foreign.serverSocket }),
    },
    {
      name: 'entries, but no agent has attested',
      code: 'SPK-2216',
      prepare: async (stage) => {
        const { foreign } = stage;
        await foreign.createEntry('/web', ['unix:uid:2001']);
        return { args: ['--selector', 'unix:uid:2001'], serverSocket: foreign.serverSocket };
      },
    },
    {
      name: 'server not reachable from here',
      code: 'SPK-2301',
      prepare: async (stage) => ({ args: [], serverSocket: join(stage.deployment.folder, 'absent.sock') }),
    },
    {
      name: 'no such process',
      code: 'SPK-1017',
      exit: 6,
      prepare: async (stage) => {
        const gone = await stage.start('/bin/true');
        await until(() => !isThere(gone));
        return { args: ['--pid', String(gone)] };
      },
    },
    {
      name: "the server's socket in place of the agent's",
      code: 'SPK-2204',
      exit: 3,
      prepare: async (stage) => ({ args: [], agentSocket: stage.deployment.serverSocket }),
    },
    {
      name: 'socket in a folder that this user may not pass',
      code: 'SPK-2203',
      exit: 5,
      prepare: async (stage) => {
        const folder = join(stage.deployment.folder, 'closed');
        mkdirSync(folder, { recursive: true });
        symlinkSync(stage.deployment.agentSocket, join(folder, 'api.sock'));
        chmodSync(folder, 0o700);
        return { args: [], agentSocket: join(folder, 'api.sock'), uid: NOBODY };
      },
    },
    {
      name: 'agent that the server does not know',
      code: 'SPK-2212',
      prepare: async (stage) => ({ args: [...about, '--agent-id', stage.id('/spire/agent/join_token/never')] }),
    },
    {
      name: 'identity there, asked by the process itself',
      code: 'SPK-2001',
      exit: 0,
      prepare: async (stage) => {
        const entryId = await stage.register({ path: '/case/self', selectors: ['unix:uid:0'] });
        await until(async () => (await stage.ask({ args: [] })).exit === 0);
        return { args: [], entryId };
      },
    },
  ];
}

/** The agent is gone. */
export const goneCases: readonly WhyCase[] = [
  {
    name: 'agent does not run',
    code: 'SPK-2201',
    exit: 3,
    prepare: async (stage) => ({ args: [], agentSocket: join(stage.deployment.folder, 'public/elsewhere.sock') }),
  },
  {
    name: 'agent was killed and left its socket',
    code: 'SPK-2202',
    exit: 3,
    prepare: async (stage) => {
      await stage.deployment.killAgent();
      return { args: [] };
    },
  },
];

/** The agent is in a container of its own. */
export const isolatedCase: WhyCase = {
  name: 'agent in a pid namespace of its own',
  code: 'SPK-2102',
  prepare: async (stage) => {
    await stage.startIsolatedAgent();
    return { args: [] };
  },
};

/** The way from the agent to its server is cut, in this order. */
export function cutOffCases(pid: number): WhyCase[] {
  const about = ['--pid', String(pid)];
  let entryId = '';
  return [
    {
      name: 'entry made a moment ago, not yet with the agent',
      code: 'SPK-2003',
      prepare: async (stage) => {
        stage.proxy.cut();
        // Times are whole seconds: the entry is to be younger than the last synchronisation.
        await new Promise((resolve) => setTimeout(resolve, 2_100));
        entryId = await stage.register({ path: '/case/late', selectors: ['unix:uid:2001'] });
        return { args: about, entryId };
      },
    },
    {
      name: 'agent cut off from its server',
      code: 'SPK-2210',
      prepare: async (stage) => {
        await until(async () => (await stage.ask({ args: about })).code !== 'SPK-2003');
        return { args: about, entryId };
      },
    },
    {
      name: 'SVID of the agent expired',
      code: 'SPK-2214',
      prepare: async (stage) => {
        await until(async () => (await stage.ask({ args: about })).code !== 'SPK-2210');
        return { args: about };
      },
    },
    {
      name: 'agent banned',
      code: 'SPK-2213',
      prepare: async (stage) => {
        const agentId = await idOfAgent(stage);
        await stage.deployment.server('agent', 'ban', '-spiffeID', agentId);
        return { args: [...about, '--agent-id', agentId] };
      },
    },
    {
      name: 'agent evicted',
      code: 'SPK-2212',
      prepare: async (stage) => {
        const agentId = await idOfAgent(stage);
        await stage.deployment.server('agent', 'evict', '-spiffeID', agentId);
        return { args: [...about, '--agent-id', agentId] };
      },
    },
  ];
}

/** The agent of this machine: the one that is not the other one. */
async function idOfAgent(stage: WhyStage): Promise<string> {
  const listed = await stage.deployment.server('agent', 'list', '-output', 'json');
  const { agents } = JSON.parse(listed.stdout);
  const ids: string[] = agents.map(({ id }: { id: { trust_domain: string; path: string } }) => stage.id(id.path));
  const own = ids.find((id) => id !== stage.otherAgent);
  if (own === undefined) throw new Error('the server knows no agent');
  return own;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
