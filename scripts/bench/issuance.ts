import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, projectRoot, run } from '../../test/support/programs.ts';
import { LineProcess } from './line-process.ts';
import type { RowGroup } from './row.ts';
import { summarise } from './statistics.ts';

const NAME = 'X509-SVIDs a second and core';
const SPIFFE_ID = 'spiffe://example.org/bench';
const ROUND_MS = 500;
/** Until both have compiled what they run. */
const WARM_UP_ROUNDS = 3;

/** What a signing program says of a round. */
interface Round {
  readonly count: number;
  readonly wallMs: number;
  /** Of all threads of the process, so that a collector or compiler on another core counts too. */
  readonly cpuMs: number;
}

/**
 * From a CSR to an X509-SVID on P-256, parsing and checking of the CSR included, by this checkout's code and by Go's
 * crypto/x509 with GOMAXPROCS=1, in turn. "A second and core" is a second of processor time, so that neither other
 * programs on the machine nor helper threads of one's own count for or against anyone.
 */
export function issuanceRows({ rounds }: { readonly rounds: number }): RowGroup {
  return {
    names: [NAME],
    measure: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'spirekit-bench-'));
      try {
        const go = await buildGo(join(folder, 'go-x509'));
        using mine = LineProcess.script('x509-signer.ts', [SPIFFE_ID]);
        using theirs =
          go.program === undefined ? undefined : new LineProcess(go.program, [SPIFFE_ID], { GOMAXPROCS: '1' });
        const samples: { mine: Round[]; theirs: Round[] } = { mine: [], theirs: [] };
        for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
          const own = await sign(mine);
          const other = theirs === undefined ? undefined : await sign(theirs);
          if (round < 0) continue;
          samples.mine.push(own);
          if (other !== undefined) samples.theirs.push(other);
        }
        const note = [
          `by processor time, ${rounds} rounds of ${ROUND_MS} ms in turn, one thread each, unpinned`,
          `on the clock ${onTheClock(samples.mine)} /s${go.program === undefined ? '' : `, Go ${onTheClock(samples.theirs)} /s`}`,
          ...(go.reason === undefined ? [] : [`no ratio: ${go.reason}`]),
        ];
        return [
          {
            name: NAME,
            unit: '/s',
            ours: summarise(samples.mine.map(perCpuSecond)),
            ...(go.program === undefined
              ? {}
              : { theirs: { ...summarise(samples.theirs.map(perCpuSecond)), whose: 'Go' } }),
            limits: [{ kind: 'ratio at least', ratio: 0.75, aim: 1 }],
            note: note.join('; '),
          },
        ];
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function sign(program: LineProcess): Promise<Round> {
  program.send(String(ROUND_MS));
  return program.receive();
}

function perCpuSecond({ count, cpuMs }: Round): number {
  return (count / cpuMs) * 1000;
}

function onTheClock(rounds: readonly Round[]): string {
  return summarise(rounds.map(({ count, wallMs }) => (count / wallMs) * 1000)).median.toFixed(0);
}

async function buildGo(program: string): Promise<{ program?: string; reason?: string }> {
  if (findOnPath('go') === undefined) return { reason: 'go is not on the PATH' };
  const cwd = join(projectRoot, 'scripts/bench/go-x509');
  const built = await run('go', ['build', '-o', program, '.'], { cwd, timeoutMs: 600_000 });
  return built.code === 0 ? { program } : { reason: `the Go program does not build: ${built.stderr}` };
}
