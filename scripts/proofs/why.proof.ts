import { copyFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { whyNoNamespaces } from '../../test/support/namespace-caller.ts';
import { findRealSpire, ours, type Programs, whyNoOtherUsers } from '../../test/support/programs.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';
import { cutOffCases, goneCases, isolatedCase, questionCases } from './why/agent-cases.ts';
import type { WhyCase } from './why/case.ts';
import { parentCases, programCases, selectorCases } from './why/entry-cases.ts';
import { mend } from './why/mend.ts';
import { until, WhyStage } from './why/stage.ts';

/** What came of a case. */
interface Outcome {
  readonly name: string;
  readonly holds: boolean;
  readonly says: string;
}

export const proof: Proof = {
  shows: '`why` names the true cause of prepared misconfigurations, on daemons of ours and on a real SPIRE alike',
  hasShortForm: true,
  async run(args) {
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skipped(obstacle);
    const real = findRealSpire();
    // The long form also runs the command that `why` prints, and asks again.
    const mends = !args.includes(SHORT);
    const [onOurs, onSpire] = await Promise.all([
      runAll(ours, mends),
      real === undefined ? undefined : runAll(real, mends),
    ]);
    for (const [index, { name, holds, says }] of onOurs.entries()) {
      const there = onSpire?.[index];
      console.log(
        `${holds ? 'named ' : 'MISSED'}  ${there === undefined ? '-     ' : there.holds ? 'named ' : 'MISSED'}  ${name}`,
      );
      if (!holds) console.log(`        ours: ${says}`);
      if (there?.holds === false) console.log(`        SPIRE: ${there.says}`);
    }
    const right = (outcomes: readonly Outcome[]): string =>
      `${outcomes.filter(({ holds }) => holds).length} of ${outcomes.length}`;
    const spire =
      onSpire === undefined ? 'SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name no real SPIRE' : `${right(onSpire)} on SPIRE`;
    return verdict(
      [...onOurs, ...(onSpire ?? [])].every(({ holds }) => holds),
      `${right(onOurs)} on ours, ${spire}`,
    );
  },
};

async function runAll(daemons: Programs, mends: boolean): Promise<Outcome[]> {
  await using stage = await WhyStage.open(daemons);
  const outcomes: Outcome[] = [];
  const runEach = async (cases: readonly WhyCase[], { isKept = false } = {}): Promise<void> => {
    for (const each of cases) {
      outcomes.push(await runCase(stage, each, mends && !isKept));
      if (!isKept) await stage.clear();
    }
  };
  // Entries that have nothing to do with it, for `why` to pass over.
  for (let uid = 3001; uid <= 3020; uid += 1) {
    const parent = uid % 2 === 0 ? '/host' : stage.otherAgent;
    await stage.register({ path: `/other/${uid}`, selectors: [`unix:uid:${uid}`, 'unix:gid:3000'], parent });
  }
  const acting = await stage.start('perl', '-e', '$) = "2001 2001"; $> = 2001; sleep 600');
  const workloads = { plain: await stage.startAs(2001, 2001, [2500]), daemon: await stage.startAs(1, 1), acting };
  await runEach(selectorCases(workloads));
  await setEmptyBundle(stage);
  await runEach(parentCases(workloads, Math.floor(Date.now() / 1000)));
  await runEach(questionCases(workloads.plain));
  await runEach(goneCases);
  const noNamespaces = await whyNoNamespaces();
  if (noNamespaces === undefined) await runEach([isolatedCase]);
  else console.log(`left out: ${isolatedCase.name}: ${noNamespaces}`);
  await stage.endIsolatedAgent();
  await stage.restartLookingAtPrograms();
  await runEach(programCases(await startPrograms(stage)));
  await runEach(cutOffCases(workloads.plain), { isKept: true });
  return outcomes;
}

async function runCase(stage: WhyStage, each: WhyCase, mends: boolean): Promise<Outcome> {
  const prepared = await each.prepare(stage);
  const said = await stage.ask(prepared);
  const isCode = said.code === each.code && said.exit === (each.exit ?? 4);
  const isSubject =
    prepared.entryId === undefined || each.code === 'SPK-2002' || said.subject === `entry ${prepared.entryId}`;
  const says = `${said.code}, exit ${said.exit}: ${said.text}`;
  if (!isCode || !isSubject) return { name: each.name, holds: false, says };
  const failure = mends ? await mend(stage, prepared, said) : undefined;
  return { name: each.name, holds: failure === undefined, says: failure ?? says };
}

/** A trust domain that federates and whose bundle holds no key. */
async function setEmptyBundle(stage: WhyStage): Promise<void> {
  const { run } = await import('../../test/support/programs.ts');
  const set = [
    'bundle',
    'set',
    '-id',
    'spiffe://empty.test',
    '-format',
    'spiffe',
    '-socketPath',
    stage.deployment.serverSocket,
  ];
  const made = await run(ours.server, set, { stdin: '{"keys": []}' });
  if (made.code !== 0) throw new Error(`no bundle was set: ${made.stdout}${made.stderr}`);
}

async function startPrograms(stage: WhyStage): Promise<Parameters<typeof programCases>[0]> {
  const { folder } = stage.deployment;
  const sleep = await stage.startAs(2001, 2001);
  const sleepPath = readlinkSync(`/proc/${sleep}/exe`);
  const link = join(folder, 'link');
  symlinkSync(sleepPath, link);
  const replacedPath = join(folder, 'program');
  copyFileSync(sleepPath, replacedPath);
  const replaced = await stage.startAs(2001, 2001, [], replacedPath);
  await until(() => readlinkSync(`/proc/${replaced}/exe`) === replacedPath);
  copyFileSync(sleepPath, `${replacedPath}.new`);
  renameSync(`${replacedPath}.new`, replacedPath);
  return { sleep, sleepPath, link, replaced, replacedPath };
}
