import { SpirekitError } from '../runtime/errors.ts';

/** Whom a process acts as, from `/proc/<pid>/status` (proc_pid_status(5)). */
export interface ProcessStatus {
  readonly effectiveUid: number;
  readonly effectiveGid: number;
  readonly supplementaryGids: readonly number[];
}

/** The most groups that Linux lets a process have (NGROUPS_MAX). */
const MOST_GROUPS = 65_536;

/**
 * Reads the text of a `/proc/<pid>/status`. Throws `internal` if it lacks an id or holds anything that is no id: a
 * guess here would be somebody's identity.
 */
export function parseProcessStatus(text: string): ProcessStatus {
  return {
    effectiveUid: effectiveOf('UIDs', findRow(text, 'Uid')),
    effectiveGid: effectiveOf('GIDs', findRow(text, 'Gid')),
    supplementaryGids: groupsOf(findRow(text, 'Groups')),
  };
}

/** The words of the only row of that name. The name of the program, which it chooses, is escaped and on one row. */
function findRow(text: string, name: string): readonly string[] | undefined {
  const rows = text.split('\n').filter((row) => row.startsWith(`${name}:`));
  const [row] = rows;
  if (row === undefined || rows.length > 1) return undefined;
  return row
    .slice(name.length + 1)
    .split(/[ \t]/)
    .filter((word) => word !== '');
}

/** Real, effective, saved and file system id, in this order. */
function effectiveOf(what: 'UIDs' | 'GIDs', ids: readonly string[] | undefined): number {
  const effective = ids?.length === 4 ? ids[1] : undefined;
  if (effective === undefined) throw new SpirekitError('internal', `${what} lookup: no ${what} for process`);
  return parseId(what, effective);
}

function groupsOf(ids: readonly string[] | undefined): readonly number[] {
  if (ids === undefined) throw new SpirekitError('internal', 'supplementary GIDs lookup: no groups for process');
  if (ids.length > MOST_GROUPS) throw new SpirekitError('internal', 'supplementary GIDs lookup: too many groups');
  return ids.map((id) => parseId('supplementary GIDs', id));
}

function parseId(what: string, text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(id <= 0xffff_ffff)) throw new SpirekitError('internal', `${what} lookup: malformed id`);
  return id;
}
