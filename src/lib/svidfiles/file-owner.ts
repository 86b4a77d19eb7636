import { readFile } from 'node:fs/promises';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { AccountNames, type NamesById } from '../unixprocess/account-names.ts';

/** Whom files are given to; what is undefined stays with whoever writes them. */
export interface FileOwner {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** What a name is looked up in and who asks; tests say others. */
export interface OwnerOptions {
  readonly passwd?: string;
  readonly group?: string;
}

/**
 * Finds the ids of a user and a group, each a name or a number, and refuses what this process may not give files to,
 * before anything is written.
 *
 * @param wanted empty for what stays as it is
 * @throws SpirekitError `usage` for a name that does not exist, `permission-denied`
 */
export async function resolveOwner(
  wanted: { readonly owner: string; readonly group: string },
  options: OwnerOptions = {},
): Promise<FileOwner> {
  const uid = await findId(wanted.owner, 'user', options.passwd ?? '/etc/passwd');
  const gid = await findId(wanted.group, 'group', options.group ?? '/etc/group');
  if (await mayGiveAway()) return { uid, gid };
  if (uid !== undefined && uid !== process.geteuid?.()) {
    throw refused(`cannot give files to user ${goQuote(wanted.owner)}`);
  }
  const own = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  if (gid !== undefined && !own.includes(gid)) {
    throw refused(`cannot give files to group ${goQuote(wanted.group)}, of which this user is no member`);
  }
  return { uid, gid };
}

/** The largest is what `chown` takes for "leave it". */
const LARGEST_ID = 0xffff_fffe;

async function findId(text: string, kind: 'user' | 'group', path: string): Promise<number | undefined> {
  if (text === '') return undefined;
  if (/^\d{1,10}$/.test(text)) {
    const id = Number(text);
    if (id <= LARGEST_ID) return id;
    throw new SpirekitError('usage', `${text} is too large for the id of a ${kind}`);
  }
  const id = idOf(text, await new AccountNames(path).load());
  if (id !== undefined) return id;
  throw new SpirekitError('usage', `no ${kind} ${goQuote(text)} in ${path}: give the number`);
}

function idOf(name: string, names: NamesById): number | undefined {
  return [...names].find(([, known]) => known === name)?.[0];
}

/** Bit 0 of the effective capabilities is CAP_CHOWN. Where there are none, only root may. */
async function mayGiveAway(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'latin1').catch(() => '');
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return capabilities === undefined ? process.geteuid?.() === 0 : (BigInt(`0x${capabilities}`) & 1n) === 1n;
}

function refused(what: string): SpirekitError {
  return new SpirekitError('permission-denied', `${what}: only root may, or a process with the capability CHOWN`);
}
