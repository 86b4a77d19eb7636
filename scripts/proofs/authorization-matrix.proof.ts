import {
  type MatrixCell,
  readRows,
  tell,
  tryRows,
  untilEntriesCount,
} from '../../test/support/authorization/matrix.ts';
import { MatrixDeployment } from '../../test/support/authorization/matrix-callers.ts';
import { isDenied } from '../../test/support/authorization/raw-call.ts';
import { findRealSpire, ours, type Programs } from '../../test/support/programs.ts';
import { type Proof, verdict } from './proof.ts';

/** It takes seconds: with `--short` it does the same. */
export const proof: Proof = {
  shows:
    'every kind of caller at every RPC of a server, over both listeners: let in or refused as the table of SPIRE has it',
  hasShortForm: true,
  async run() {
    const own = await tryAll('spirekit', ours);
    const real = findRealSpire();
    if (real === undefined) {
      return verdict(own.faults === 0, `${own.figure}; no real SPIRE beside it (SPIRE_SERVER_BIN, SPIRE_AGENT_BIN)`);
    }
    const beside = await tryAll('SPIRE', real);
    const different = own.cells.filter((cell, index) => !isSameVerdict(cell, beside.cells[index]));
    for (const cell of different) {
      const other = beside.cells.find(({ caller, path }) => caller === cell.caller && path === cell.path);
      console.log(
        `DIFFERENT: ${cell.caller}, ${cell.path}: ${tell(cell.outcome)}, SPIRE: ${other && tell(other.outcome)}`,
      );
    }
    return verdict(
      own.faults + beside.faults + different.length === 0,
      `${own.figure}; ${beside.figure}; ${different.length} refused with another code, sentence or reason`,
    );
  },
};

interface Outcome {
  readonly cells: readonly MatrixCell[];
  readonly faults: number;
  readonly figure: string;
}

async function tryAll(name: string, daemons: Programs): Promise<Outcome> {
  await using deployment = await MatrixDeployment.open(daemons);
  await untilEntriesCount(deployment);
  const rows = readRows();
  const cells: MatrixCell[] = [];
  for (const caller of deployment.callers) {
    const tried = await tryRows({ rows, caller }, deployment);
    const refused = tried.filter(({ path, outcome }) => isDenied(outcome, path)).length;
    const unserved = tried.filter(({ outcome }) => outcome.sentence.startsWith('unknown service')).length;
    const letIn = rows.length - refused - unserved;
    console.log(`${name}: ${caller.name}: ${letIn} let in, ${refused} refused, ${unserved} not served there`);
    for (const { path, fault } of tried)
      if (fault !== undefined) console.log(`FAILED: ${caller.name}, ${path}: ${fault}`);
    cells.push(...tried);
  }
  const faults = cells.filter(({ fault }) => fault !== undefined).length;
  const figure = `${name}: ${deployment.callers.length} callers, ${rows.length} RPCs, ${faults} of ${cells.length} calls not as the table has it`;
  return { cells, faults, figure };
}

/** Of refusals all must be the same; what was let in may end in words of one's own. */
function isSameVerdict(cell: MatrixCell, other: MatrixCell | undefined): boolean {
  if (other === undefined) return false;
  const isRefusal = (each: MatrixCell): boolean =>
    isDenied(each.outcome, each.path) || each.outcome.sentence.startsWith('unknown service');
  if (!isRefusal(cell) && !isRefusal(other)) return true;
  return tell(cell.outcome) === tell(other.outcome);
}
