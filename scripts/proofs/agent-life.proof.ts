import { findRealSpire, ours } from '../../test/support/programs.ts';
import { absences } from './agent-life/absences.ts';
import { damages } from './agent-life/damages.ts';
import { refusals } from './agent-life/refusals.ts';
import { type Cast, type Outcome, remedyIn, type Situation } from './agent-life/situation.ts';
import { strangers } from './agent-life/strangers.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';

const SITUATIONS = [...refusals, ...absences, ...strangers, ...damages];

/** Most of the time goes by waiting. */
const AT_A_TIME = 4;

export const proof: Proof = {
  shows:
    "evicted, banned, cloned, expired, damaged, deceived: the agent ends or goes on as SPIRE's, and says what to do",
  hasShortForm: true,
  async run(args) {
    const cast = findCast(args);
    if (cast === undefined) return skipped('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name no real SPIRE binaries');
    const isShort = args.includes(SHORT);
    const situations = SITUATIONS.filter(
      ({ isSpires, isSlow }) => (isSpires || cast.isOurAgent) && !(isShort && isSlow === true),
    );
    const waiting = [...situations];
    let asExpected = 0;
    const work = async (): Promise<void> => {
      for (let situation = waiting.shift(); situation !== undefined; situation = waiting.shift()) {
        const outcome = await situation.play(cast).catch((error: unknown) => failed(error));
        const wrong = judge(situation, outcome, cast);
        if (wrong.length === 0) asExpected++;
        report(situation, outcome, wrong);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    const figure = `${asExpected} of ${situations.length} situations as expected${cast.words}`;
    return verdict(asExpected === situations.length, figure);
  },
};

/** With `--real-server` the server is SPIRE's, with `--real` the agent too; undefined where those are missing. */
function findCast(args: readonly string[]): (Cast & { readonly words: string }) | undefined {
  const isOurAgent = !args.includes('--real');
  if (isOurAgent && !args.includes('--real-server')) return { isOurAgent, words: '' };
  const real = findRealSpire();
  if (real === undefined) return undefined;
  const daemons = { server: real.server, agent: isOurAgent ? ours.agent : real.agent };
  return { isOurAgent, daemons, words: isOurAgent ? " at SPIRE's server" : " with SPIRE's own" };
}

function judge(situation: Situation, { end, log, wrong }: Outcome, { isOurAgent }: Cast): string[] {
  const found = [...wrong];
  if (end !== situation.end) found.push(`ended with ${end} instead of ${situation.end}`);
  if (!log.includes(situation.says)) found.push(`did not say "${situation.says}"`);
  if (!isOurAgent) return found;
  const remedy = remedyIn(log);
  if (situation.remedy !== undefined && remedy?.includes(situation.remedy) !== true)
    found.push('did not say what to do');
  return found;
}

function report({ name, says }: Situation, { end, log }: Outcome, wrong: readonly string[]): void {
  const exit = typeof end === 'number' ? `exit ${end}` : String(end);
  console.log(`${name}\n  ${exit}; ${says}`);
  const remedy = remedyIn(log);
  if (remedy !== undefined) console.log(`  to do: ${remedy}`);
  for (const one of wrong) console.log(`  NOT AS EXPECTED: ${one}`);
  if (wrong.length > 0) console.log(log.split('\n').slice(-12).join('\n'));
}

function failed(error: unknown): Outcome {
  return { end: null, log: '', wrong: [error instanceof Error ? error.message : String(error)] };
}
