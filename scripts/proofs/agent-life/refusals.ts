import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Situation } from './situation.ts';
import { exitCodeOf, Stage } from './stage.ts';

const NEW_TOKEN = 'spire-server token generate';

/** The server does not want the agent any more. */
export const refusals: readonly Situation[] = [
  {
    name: 'evicted while it runs',
    end: 1,
    says: 'Agent failed re-attestation; removing SVID and shutting down',
    remedy: NEW_TOKEN,
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast);
      const agent = stage.deployment.launchAgent({ token: await stage.deployment.makeJoinToken() });
      await stage.deployment.agentListens();
      await stage.deployment.server('agent', 'evict', '-spiffeID', await stage.agentId());
      const end = await exitCodeOf(agent);
      return { end, log: stage.deployment.log('agent'), wrong: withoutSvid(stage) };
    },
  },
  {
    name: 'evicted while it is stopped',
    end: 1,
    says: 'Agent needs to re-attest: removing SVID and shutting down',
    remedy: NEW_TOKEN,
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast);
      await stage.deployment.startAgent();
      await stage.deployment.stopAgent();
      await stage.deployment.server('agent', 'evict', '-spiffeID', await stage.agentId());
      const end = await exitCodeOf(stage.deployment.launchAgent());
      return { end, log: stage.deployment.log('agent'), wrong: withoutSvid(stage) };
    },
  },
  {
    name: 'banned while it runs',
    end: 1,
    says: 'Agent is banned: removing SVID and shutting down',
    remedy: 'spire-server agent evict -spiffeID spiffe://example.org/spire/agent/join_token/',
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast);
      const agent = stage.deployment.launchAgent({ token: await stage.deployment.makeJoinToken() });
      await stage.deployment.agentListens();
      await stage.deployment.server('agent', 'ban', '-spiffeID', await stage.agentId());
      const end = await exitCodeOf(agent);
      return { end, log: stage.deployment.log('agent'), wrong: withoutSvid(stage) };
    },
  },
  {
    name: 'cloned: the one whose SVID is not the newest',
    end: 1,
    says: 'Agent failed re-attestation; removing SVID and shutting down',
    remedy: "the copy's data_dir",
    isSpires: true,
    async play(cast) {
      await using stage = await Stage.open(cast, { agent: '30s' });
      const { deployment } = stage;
      const first = deployment.launchAgent({ token: await deployment.makeJoinToken() });
      stage.own(first);
      await deployment.agentListens();
      const { folder } = deployment;
      cpSync(stage.data, join(folder, 'copy-data'), { recursive: true });
      const config = readFileSync(join(folder, 'agent.conf'), 'utf8');
      const paths = { 'agent-data': 'copy-data', 'public/': 'copy-public/', 'admin/': 'copy-admin/' };
      const copied = Object.entries(paths).reduce((text, [from, to]) => text.replaceAll(from, to), config);
      writeFileSync(join(folder, 'copy.conf'), copied);
      const copy = stage.own(deployment.launchAgent({ configPath: join(folder, 'copy.conf') }));
      const [loser, winner] = await Promise.race([
        exitCodeOf(first).then(() => [first, copy] as const),
        exitCodeOf(copy).then(() => [copy, first] as const),
      ]);
      const wrong = winner.exitCode === null ? [] : ['both have ended'];
      return { end: loser.exitCode, log: deployment.log('agent'), wrong };
    },
  },
];

/** A refused agent forgets its SVID and keeps the bundle. */
function withoutSvid(stage: Stage): string[] {
  const { svid, bundle } = JSON.parse(readFileSync(join(stage.data, 'agent-data.json'), 'utf8'));
  return [
    ...(svid === null || svid.length === 0 ? [] : ['the SVID is still on disk']),
    ...(Array.isArray(bundle) && bundle.length > 0 ? [] : ['the bundle is gone']),
  ];
}
