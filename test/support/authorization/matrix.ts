import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MatrixCaller, MatrixDeployment } from './matrix-callers.ts';
import { type CallOutcome, callRaw, isDenied } from './raw-call.ts';

/** One row of the table: an RPC and who may call it. */
export interface MatrixRow {
  readonly path: string;
  readonly callers: readonly string[];
}

/** How one caller fared with one RPC. */
export interface MatrixCell {
  readonly caller: string;
  readonly path: string;
  readonly outcome: CallOutcome;
  /** Undefined where all is as the table has it. */
  readonly fault: string | undefined;
}

/** The table as SPIRE has it, from `test/data/server-rpc-callers.tsv`. */
export function readRows(): readonly MatrixRow[] {
  const text = readFileSync(new URL('../../data/server-rpc-callers.tsv', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))
    .map(([path = '', callers = '']) => ({ path, callers: callers.split(',') }));
}

/** Calls of a caller never take so long; one that would is a fault. */
const CALL_MS = 20_000;

/** Has a caller try every row, over its listener. */
export async function tryRows(
  { rows, caller }: { readonly rows: readonly MatrixRow[]; readonly caller: MatrixCaller },
  deployment: MatrixDeployment,
): Promise<MatrixCell[]> {
  await using client = deployment.connect(caller);
  const cells: MatrixCell[] = [];
  for (const row of rows) {
    const outcome = await callRaw(client, row.path, { timeoutMs: CALL_MS });
    cells.push({ caller: caller.name, path: row.path, outcome, fault: findFault(row, caller, outcome) });
  }
  return cells;
}

/** Resolves when the server knows its admin entries: a real one looks at them every five seconds. */
export async function untilEntriesCount(deployment: MatrixDeployment): Promise<void> {
  const admin = deployment.callers.find(({ name }) => name === 'admin entry');
  const downstream = deployment.callers.find(({ name }) => name === 'downstream');
  if (admin === undefined || downstream === undefined) throw new Error('no such callers');
  for (const [caller, path] of [
    [admin, '/spire.api.server.entry.v1.Entry/CountEntries'],
    [downstream, '/spire.api.server.svid.v1.SVID/NewDownstreamX509CA'],
  ] as const) {
    for (let attempt = 0; attempt < 300; attempt += 1) {
      await using client = deployment.connect(caller);
      if (!isDenied(await callRaw(client, path), path)) break;
      await sleep(100);
    }
  }
}

function findFault(row: MatrixRow, caller: MatrixCaller, outcome: CallOutcome): string | undefined {
  const { path, callers } = row;
  const denied = isDenied(outcome, path);
  const isOnlyLocal = callers.length === 1 && callers[0] === 'local';
  if (isOnlyLocal && caller.identity !== undefined) {
    const service = path.split('/')[1];
    const expected = `unknown service ${service}`;
    return outcome.code === 'Unimplemented' && outcome.sentence === expected ? undefined : `served: ${tell(outcome)}`;
  }
  const isAllowed = callers.some((role) => role === 'any' || caller.roles.includes(role));
  if (isAllowed) return denied || isUnserved(outcome) ? `should be let in: ${tell(outcome)}` : undefined;
  if (!denied) return `should be refused: ${tell(outcome)}`;
  const reason = callers.includes('agent') ? caller.refusal : undefined;
  return outcome.reason === reason ? undefined : `should be refused for ${reason}: ${tell(outcome)}`;
}

/** Ends that no handler gives to a caller that was let in. */
function isUnserved({ code, sentence }: CallOutcome): boolean {
  if (code === 'Unavailable' || code === 'Unauthenticated' || code === 'DeadlineExceeded') return true;
  return sentence.startsWith('unknown service') || sentence.startsWith('unknown method') || sentence.includes('caller');
}

/** One line. */
export function tell({ code, sentence, reason }: CallOutcome): string {
  return `${code}${reason === undefined ? '' : ` (${reason})`} ${JSON.stringify(sentence)}`;
}
