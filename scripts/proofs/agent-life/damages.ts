import { chmodSync, chownSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NOBODY, run } from '../../../test/support/programs.ts';
import type { Cast, Outcome, Situation } from './situation.ts';
import { exitCodeOf, Stage } from './stage.ts';

/** Ways to damage a file of the agent's. */
const DAMAGES: Readonly<Record<string, (path: string) => unknown>> = {
  empty: (path) => truncateSync(path),
  truncated: (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
  garbage: (path) => writeFileSync(path, Buffer.alloc(512, 0xc3)),
  'a folder': (path) => {
    rmSync(path);
    mkdirSync(path);
  },
  'a FIFO': async (path) => {
    rmSync(path);
    await run('mkfifo', [path]);
  },
};

const FILES = ['agent-data.json', 'keys.json'];

/** What the agent keeps on disk is not what it was. */
export const damages: readonly Situation[] = [
  ...FILES.flatMap((file) =>
    Object.entries(DAMAGES).map(
      ([what, damage]): Situation => ({
        name: `${file} is ${what}: set aside, attests anew`,
        end: 'goes on',
        says: 'damaged and was set aside',
        isSpires: false,
        play: (cast) =>
          restarted(cast, async (stage) => {
            await damage(join(stage.data, file));
            const token = await stage.deployment.makeJoinToken();
            stage.deployment.launchAgent({ token });
            await stage.deployment.agentListens();
            const names = await readdir(stage.data);
            const wrong = names.some((name) => name.startsWith(`${file}.damaged-`)) ? [] : ['nothing was set aside'];
            return { end: 'goes on', log: stage.deployment.log('agent'), wrong };
          }),
      }),
    ),
  ),
  {
    name: 'files that everybody may read: narrowed',
    end: 'goes on',
    says: 'SVID loaded',
    isSpires: true,
    play: (cast) =>
      restarted(cast, async (stage) => {
        for (const file of FILES) chmodSync(join(stage.data, file), 0o666);
        stage.deployment.launchAgent();
        await stage.deployment.agentListens();
        const wide = FILES.filter((file) => (statSync(join(stage.data, file)).mode & 0o077) !== 0);
        const ours = cast.isOurAgent ? wide.map((file) => `${file} is still wide`) : [];
        return { end: 'goes on', log: stage.deployment.log('agent'), wrong: ours };
      }),
  },
  ...(process.getuid?.() === 0 ? FILES : []).map(
    (file): Situation => ({
      name: `${file} of another user: refused`,
      end: 1,
      says: 'belongs to another user',
      isSpires: false,
      play: (cast) =>
        restarted(cast, async (stage) => {
          chownSync(join(stage.data, file), NOBODY, NOBODY);
          const agent = stage.deployment.launchAgent();
          const listens = stage.deployment.agentListens().then(
            (): Outcome['end'] => 'goes on',
            () => undefined,
          );
          const end = await Promise.race([exitCodeOf(agent), listens.then((one) => one ?? exitCodeOf(agent))]);
          return { end, log: stage.deployment.log('agent'), wrong: [] };
        }),
    }),
  ),
];

/** An agent that ran, and is stopped when something happens to its files. */
async function restarted(cast: Cast, happen: (stage: Stage) => Promise<Outcome>): Promise<Outcome> {
  await using stage = await Stage.open(cast);
  await stage.deployment.startAgent();
  await stage.deployment.stopAgent();
  return await happen(stage);
}
