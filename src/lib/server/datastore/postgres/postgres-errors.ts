import { SpirekitError } from '../../../runtime/errors.ts';

/** Conditions that say something of the server or its disk and not of the request; by class or whole code. */
const UNAVAILABLE = [
  '08', // connection exception
  '25006', // read-only transaction
  '25P03', // idle in transaction for too long
  '25P04', // transaction took too long
  '28', // not authorized, since the password was changed
  '3D000', // the database is gone
  '40', // rolled back: deadlock, serialization
  '42501', // insufficient privilege
  '53', // disk full, out of memory, too many connections
  '55P03', // lock not available
  '57', // operator intervention: shut down, cannot connect now, canceled
  '58', // system error
];

/** Damaged data or index. */
const DATA_LOSS = ['XX001', 'XX002'];

/** Values that PostgreSQL cannot store: a NUL in a text, a key that is too long for an index. */
const INVALID = ['22021', '22P05', '54000'];

/** Statements that failed for no reason of their own: the same transaction may succeed at once. */
const ROLLED_BACK = ['40001', '40P01'];

/** What `pg` says, without a code, when the server went away or did not come. */
const LOST =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout expired|The server does not support SSL|There was an error establishing an SSL|Received unexpected)/;

/** Brings an error of `pg` into our codes. The sentence is PostgreSQL's own; no password is ever in it. */
export function fromPostgresError(error: unknown): SpirekitError {
  if (!(error instanceof Error) || error instanceof SpirekitError) return SpirekitError.from(error);
  const sentence = `datastore-sql: ${sentenceOf(error)}`;
  const state = sqlState(error);
  if (state === undefined) {
    return new SpirekitError(isConnectionLost(error) ? 'unavailable' : 'internal', sentence, { cause: error });
  }
  if (DATA_LOSS.includes(state)) return new SpirekitError('data-loss', sentence, { cause: error });
  if (INVALID.includes(state)) return new SpirekitError('invalid-argument', sentence, { cause: error });
  const isUnavailable = UNAVAILABLE.some((prefix) => state.startsWith(prefix));
  return new SpirekitError(isUnavailable ? 'unavailable' : 'internal', sentence, { cause: error });
}

/** Whether the connection of a statement is of no more use. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const state = sqlState(error);
  if (state !== undefined) return state.startsWith('08') || state.startsWith('57P') || state.startsWith('25P0');
  return isOfSystem(error) || LOST.test(error.message) || error instanceof ConnectionLost;
}

/** Whether a transaction that failed so may simply be tried again: nothing of it has happened. */
export function isRolledBack(error: unknown): boolean {
  return error instanceof Error && ROLLED_BACK.includes(sqlState(error) ?? '');
}

/** A connection that was given up because the server did not answer. */
export class ConnectionLost extends Error {}

/** The five characters of an error that the server itself reported. */
function sqlState(error: Error): string | undefined {
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) && !isOfSystem(error) ? error.code : undefined;
}

function isOfSystem(error: Error): boolean {
  const isTls =
    'code' in error && typeof error.code === 'string' && /^(?:ERR_|CERT_|UNABLE_|SELF_SIGNED|DEPTH_)/.test(error.code);
  return 'syscall' in error || 'errno' in error || isTls || error instanceof AggregateError;
}

/** Node's error for several addresses that all failed has no message of its own. */
function sentenceOf(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message;
  const reasons = error.errors.map((each: unknown) => (each instanceof Error ? each.message : String(each)));
  return [...new Set(reasons)].join('; ');
}
