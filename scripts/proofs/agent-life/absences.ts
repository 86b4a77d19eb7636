import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Situation } from './situation.ts';
import { exitCodeOf, Stage } from './stage.ts';

/** The server is away, for shorter or longer than SVIDs live. */
export const absences: readonly Situation[] = [
  {
    name: 'restarted while the server is away: comes up with it',
    end: 'goes on',
    says: 'Failed to initialize manager',
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast);
      await stage.startServingAgent();
      await stage.deployment.stopAgent();
      await stage.deployment.stopServer();
      stage.deployment.launchAgent();
      await stage.said('Failed to initialize manager');
      await stage.deployment.startServer();
      await stage.deployment.agentListens();
      await stage.until('an identity', () => stage.serves());
      return { end: 'goes on', log: stage.deployment.log('agent'), wrong: [] };
    },
  },
  {
    name: 'server away for a while: serves what it has',
    end: 'goes on',
    says: 'Synchronize failed',
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast);
      await stage.startServingAgent();
      await stage.deployment.stopServer();
      await stage.said('Synchronize failed');
      const wrong = (await stage.serves()) ? [] : ['serves nothing'];
      await stage.deployment.startServer();
      await stage.deployment.createEntry('/later', [`unix:uid:${process.getuid?.() ?? 0}`]);
      await stage.until('a new entry', () => stage.serves('/later'));
      return { end: 'goes on', log: stage.deployment.log('agent'), wrong };
    },
  },
  {
    name: 'its SVID ends while the server is away: serves until the last SVID has ended',
    end: 1,
    says: 'current SVID has already expired and rotate agent SVID failed',
    remedy: 'spire-server token generate',
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast, { agent: '10s', svid: '40s' });
      const agent = stage.deployment.launchAgent({ token: await stage.deployment.makeJoinToken() });
      await stage.deployment.agentListens();
      await stage.deployment.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`]);
      await stage.until('an identity', () => stage.serves());
      const servedUntilMs = performance.now() + 25_000;
      await stage.deployment.stopServer();
      const isServing = async (): Promise<string[]> => [
        ...((await stage.serves()) ? [] : ['serves nothing after its own SVID has ended']),
        ...((await stage.isReady()) ? ['is ready'] : []),
      ];
      const ours = cast.isOurAgent ? await stage.said('The SVID of the agent has expired').then(isServing) : [];
      const end = await exitCodeOf(agent);
      const early = cast.isOurAgent && performance.now() < servedUntilMs ? ['ended too early'] : [];
      return { end, log: stage.deployment.log('agent'), wrong: [...ours, ...early] };
    },
  },
  {
    name: 'started after its SVID has ended, without a token',
    end: 1,
    says: 'SVID key recovered, but SVID is expired. Generating new keypair',
    remedy: 'spire-server token generate',
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast, { agent: '3s' });
      await stage.deployment.startAgent();
      await stage.deployment.stopAgent();
      await sleep(4000);
      const end = await exitCodeOf(stage.deployment.launchAgent());
      const { svid } = JSON.parse(readFileSync(join(stage.data, 'agent-data.json'), 'utf8'));
      return { end, log: stage.deployment.log('agent'), wrong: svid === null ? ['the SVID is gone'] : [] };
    },
  },
];
