import { SpirekitError } from '../../../runtime/errors.ts';

/** Reads a JSON column. Error: `data-loss`: nobody but this program writes there. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SpirekitError('data-loss', 'datastore holds a damaged row', { cause });
  }
}

/** Reads a JSON column that holds a list of strings. Error: `data-loss`. */
export function readTextList(text: string): string[] {
  const value = readJson(text);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new SpirekitError('data-loss', 'datastore holds a damaged row');
}

/** Whether a JSON value is an object with members. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads a row as a value. What its columns are refused for becomes `data-loss`: the caller did not send them, and
 * nobody but this program writes there.
 */
export function readRow<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const isRefusal = cause instanceof SpirekitError || cause instanceof RangeError;
    if (!isRefusal || (cause instanceof SpirekitError && cause.code === 'data-loss')) throw cause;
    throw new SpirekitError('data-loss', 'datastore holds a damaged row', { cause });
  }
}
