import { CHECKS } from './helper-use-cases/checks.ts';
import { RunningCase } from './helper-use-cases/running-case.ts';
import { Stage } from './helper-use-cases/stage.ts';
import { USE_CASES, type UseCase } from './helper-use-cases/use-cases.ts';
import { type Proof, SHORT, verdict } from './proof.ts';

/** So many processes run at once. */
const AT_ONCE = 6;

export const proof: Proof = {
  shows: "spiffe-helper's documented use cases, each as a command line of spirekit api watch, with a live agent",
  hasShortForm: true,
  async run(args) {
    // Names of use cases narrow it down; it is short as it is.
    const named = args.filter((arg) => arg !== SHORT);
    const wanted = USE_CASES.filter(({ name }) => named.length === 0 || named.includes(name));
    await using stage = await Stage.open();
    const failures = new Map<UseCase, string>();
    for (let from = 0; from < wanted.length; from += AT_ONCE) {
      await together(wanted.slice(from, from + AT_ONCE), stage, failures);
    }
    for (const useCase of wanted) {
      const failure = failures.get(useCase);
      console.log(`${failure === undefined ? 'shown' : 'FAILED'}  ${useCase.helper}\n        ${useCase.line}`);
      if (failure !== undefined) console.log(`        ${failure}`);
    }
    const shown = wanted.length - failures.size;
    return verdict(failures.size === 0, `${shown} of ${wanted.length} use cases`);
  },
};

/** Runs some side by side: until each does what it should, through a renewal, to its end. */
async function together(useCases: readonly UseCase[], stage: Stage, failures: Map<UseCase, string>): Promise<void> {
  const all = await Promise.all(useCases.map((useCase) => RunningCase.start(useCase, stage)));
  const each = (step: (running: RunningCase) => Promise<void> | undefined): Promise<unknown> =>
    Promise.all(
      all
        .filter(({ useCase }) => !failures.has(useCase))
        .map(async (running) => {
          try {
            await step(running);
          } catch (error) {
            failures.set(running.useCase, error instanceof Error ? error.message : String(error));
          }
        }),
    );
  try {
    await each(({ useCase }) => {
      if (CHECKS[useCase.name] === undefined) throw new Error('nothing is looked at');
      return undefined;
    });
    await each((running) => CHECKS[running.useCase.name]?.first?.(running));
    await stage.renew();
    await each((running) => CHECKS[running.useCase.name]?.renewed?.(running));
    await each(async (running) => {
      if (CHECKS[running.useCase.name]?.endsByItself !== true) running.end();
      const code = await running.ended;
      const isCommand = running.useCase.line.includes(' -- ');
      // A command that is ended by SIGTERM is what it exits with.
      if (code !== 0 && !(isCommand && code === 143)) throw new Error(`exit ${code}: ${running.said}`);
    });
  } finally {
    for (const running of all) await running[Symbol.asyncDispose]();
  }
}
