import { join } from 'node:path';
import { targetNames } from '../../test/support/fuzz.ts';
import { projectRoot, run } from '../../test/support/programs.ts';
import { type Proof, verdict } from './proof.ts';

/** So many parsers are fed at the same time. */
const AT_ONCE = 2;

const LONG_SECONDS = 600;
const SHORT_SECONDS = 1;

export const proof: Proof = {
  shows: 'each parser keeps its invariants on 10 minutes of mutated inputs ([SECONDS], short: 1 s)',
  hasShortForm: true,
  async run(args) {
    const [given] = args.filter((arg) => !arg.startsWith('--'));
    const seconds = Number(given ?? (args.includes('--short') ? SHORT_SECONDS : LONG_SECONDS));
    if (!(seconds > 0)) return verdict(false, `not a number of seconds: ${given}`);
    const further = args.includes('--save') ? ['--save'] : [];
    const names = targetNames();
    const waiting = [...names];
    let inputs = 0;
    let broken = 0;
    const feed = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const { code, stdout, stderr } = await run(
          process.execPath,
          [join(projectRoot, 'scripts/fuzz.ts'), `${seconds}`, name, ...further],
          {
            timeoutMs: (seconds + 600) * 1_000,
          },
        );
        const [, count] = /: (\d+) inputs in /.exec(stdout) ?? [];
        inputs += Number(count ?? 0);
        if (code !== 0 || count === undefined) broken += 1;
        console.log(`${stdout.trim().split('\n').slice(0, -1).join(': ')}${stderr === '' ? '' : `\n${stderr.trim()}`}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, feed));
    return verdict(broken === 0, `${names.length} targets, ${inputs} inputs, ${broken} broken`);
  },
};
