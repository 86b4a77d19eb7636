import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Situation } from './situation.ts';
import { exitCodeOf, Stage } from './stage.ts';

const REMEDY = 'spire-server bundle show';

/** Somebody with another authority answers in the place of the server. */
export const strangers: readonly Situation[] = [
  {
    name: 'a foreign authority while it runs: refused',
    end: 1,
    says: 'Synchronize failed, non-recoverable error',
    remedy: REMEDY,
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast);
      const { deployment } = stage;
      const agent = deployment.launchAgent({ token: await deployment.makeJoinToken() });
      await deployment.agentListens();
      const before = bundleOf(stage);
      await deployment.stopServer();
      rmSync(deployment.serverDataDir, { recursive: true });
      await deployment.startServer();
      const end = await exitCodeOf(agent);
      const wrong = [
        ...(bundleOf(stage) === before ? [] : ['trusts somebody else now']),
        ...(readFileSync(join(stage.data, 'agent-data.json'), 'utf8').includes('"svid":null')
          ? ['forgot its SVID']
          : []),
      ];
      return { end, log: deployment.log('agent'), wrong };
    },
  },
  {
    name: 'a foreign authority when it starts: refused, tries again for a minute',
    end: 1,
    says: 'certificate signed by unknown authority',
    remedy: REMEDY,
    isSpires: true,
    isSlow: true,
    async play(cast) {
      await using stage = await Stage.open(cast);
      const { deployment } = stage;
      await deployment.startAgent();
      await deployment.stopAgent();
      const before = readFileSync(join(stage.data, 'agent-data.json'), 'utf8');
      await deployment.stopServer();
      rmSync(deployment.serverDataDir, { recursive: true });
      await deployment.startServer();
      const end = await exitCodeOf(deployment.launchAgent());
      const isSame = readFileSync(join(stage.data, 'agent-data.json'), 'utf8') === before;
      return { end, log: deployment.log('agent'), wrong: isSame ? [] : ['its data changed'] };
    },
  },
];

function bundleOf(stage: Stage): string {
  return JSON.stringify(JSON.parse(readFileSync(join(stage.data, 'agent-data.json'), 'utf8')).bundle);
}
