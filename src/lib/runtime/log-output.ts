import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { SpirekitError } from './errors.ts';

/** Where log lines go. Writing never throws: a full disk must not stop a daemon. */
export interface LogOutput extends Disposable {
  write(line: string): void;
  /** Goes on in a fresh file of the same name after the old one was moved away; nothing for other outputs. */
  reopen(): void;
}

/** Log lines to a stream that stays open, such as standard output. */
export function streamOutput(stream: Writable): LogOutput {
  // A reader that went away (EPIPE) is no reason to end.
  const ignore = (): void => {};
  stream.on('error', ignore);
  return {
    write: (line) => {
      if (stream.writable) stream.write(line);
    },
    reopen() {},
    [Symbol.dispose]: () => void stream.off('error', ignore),
  };
}

/**
 * Log lines appended to a file (mode 0640 when new). Error: `io-error` when it cannot be opened, also by `reopen`,
 * which then keeps the old file.
 */
export function fileOutput(path: string): LogOutput {
  let descriptor: number | undefined = openForAppend(path);
  return {
    write(line) {
      if (descriptor === undefined) return;
      try {
        writeSync(descriptor, line);
      } catch {
        // Nothing sensible is left to do with the line; the next one may fit again.
      }
    },
    reopen() {
      if (descriptor === undefined) return;
      const previous = descriptor;
      descriptor = openForAppend(path);
      closeSync(previous);
    },
    [Symbol.dispose]() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function openForAppend(path: string): number {
  try {
    return openSync(path, constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY, 0o640);
  } catch (error) {
    throw new SpirekitError('io-error', `unable to open log file ${path}`, { cause: error });
  }
}
